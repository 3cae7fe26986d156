//! A company that does not pay is suspended once and told once, and restored when it pays, whoever
//! dies meanwhile.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use serde_json::json;
use sqlx::PgPool;

use crate::crash_at;

pub(crate) const POINTS: [(&str, Part); 3] = [
    ("billing.dunning.before_commit", Part::Billing),
    ("telecom.dunning.before_commit", Part::Telecom),
    ("telecom.dunning.batch_committed", Part::Telecom),
];

#[tokio::test]
async fn a_suspension_survives_the_death_of_any_service_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (suspended_before, (point, part)) in POINTS.into_iter().enumerate() {
        world.advance("P31D").await;
        world.rest().post("/sandbox/billing/run", &json!({})).await.expect(200);
        // Due after five days, and overdue a few later; notices come first.
        world.advance("P12D").await;
        world.settle().await;
        assert_eq!(blocked(&database).await, 0);

        let gateway = world.rest();
        let waiting = async move {
            let days = json!({ "advance": "P16D" });
            gateway.post("/sandbox/clock", &days).await.expect(200);
        };
        crash_at(&mut world, point, part, waiting).await;
        assert!(blocked(&database).await > 0, "nobody is suspended after a crash at {point}");
        assert_eq!(owing_and_active(&database).await, 0, "after a crash at {point}");
        let suspensions = mails(&world, "Your lines are suspended").await;
        let suspended = billed(&database).await * (suspended_before + 1);
        assert_eq!(suspensions, suspended, "after a crash at {point}");
        assert_invariants(&database, point).await;

        let unpaid: Vec<uuid::Uuid> =
            sqlx::query_scalar("select invoice_id from billing.invoice where status <> 'paid'")
                .fetch_all(&database)
                .await
                .unwrap();
        for invoice_id in unpaid {
            let paid = json!({ "invoice_id": invoice_id, "event": "paid" });
            world.rest().post("/sandbox/payments", &paid).await.expect(204);
        }
        world.settle().await;
        assert_eq!(blocked(&database).await, 0, "after payment");
        let restorations = mails(&world, "Your lines are restored").await;
        assert_eq!(restorations, suspensions, "after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}

async fn blocked(database: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from telecom.line where status = 'blocked'")
        .fetch_one(database)
        .await
        .unwrap()
}

/// How many companies get an invoice each month.
async fn billed(database: &PgPool) -> usize {
    let statement = "select count(distinct company_id) from billing.invoice";
    let companies: i64 = sqlx::query_scalar(statement).fetch_one(database).await.unwrap();
    companies.try_into().unwrap()
}

async fn owing_and_active(database: &PgPool) -> i64 {
    let statement = "select count(*)
           from telecom.line
          where status = 'active'
            and company_id in (select company_id from billing.standing where state = 'suspended')";
    sqlx::query_scalar(statement).fetch_one(database).await.unwrap()
}

async fn mails(world: &World, subject: &str) -> usize {
    let mails = world.rest().get("/sandbox/mail").await.expect(200);
    let mails = mails["mails"].as_array().unwrap().iter();
    mails.filter(|mail| mail["subject"] == subject).count()
}
