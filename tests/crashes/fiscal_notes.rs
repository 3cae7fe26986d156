//! A fiscal document is issued once and takes one number, whoever dies on its way.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::json;

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 4] = [
    ("billing.fiscal.note_made", Part::Billing),
    ("billing.fiscal.before_issuer", Part::Billing),
    ("billing.fiscal.issuer_done", Part::Billing),
    ("billing.fiscal.committed", Part::Billing),
];

#[tokio::test]
async fn a_fiscal_note_survives_the_death_of_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let operator = world.operator().await;
    let path = format!("/companies/{}", world.company_id());
    let company = operator.get(&path).await.expect(200);
    let to = company["email"].as_str().unwrap();
    for (made, (point, part)) in POINTS.into_iter().enumerate() {
        let path = format!("{path}/service-invoices");
        let wanted = json!({ "amount": 100.25, "sendEmail": true });
        let issuing = persist(operator.clone(), Method::POST, path, wanted, 200);
        crash_at(&mut world, point, part, issuing).await;

        let notes: Vec<(i64, String)> =
            sqlx::query_as("select number, status from billing.fiscal_note order by number")
                .fetch_all(&database)
                .await
                .unwrap();
        let expected: Vec<(i64, String)> =
            (1..).take(made + 1).map(|number| (number, "authorized".to_owned())).collect();
        assert_eq!(notes, expected, "after a crash at {point}");
        let mails = world.mails(to).await;
        assert_eq!(mails.len(), made + 1, "mails after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}
