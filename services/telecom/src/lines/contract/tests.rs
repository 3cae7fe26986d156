use super::*;
use crate::testing::{cause, new_line, service};

#[tokio::test]
async fn a_contract_is_the_companys_until_it_is_the_persons_and_back() {
    let (service, _database) = service().await;
    let lines = Lines::new(service, "americanet".into());
    let mut tx = lines.service.db.begin().await.unwrap();
    let cause = &cause();
    let line = lines.order_or_wait(&mut tx, new_line(), cause).await.unwrap();
    let (company_id, user_id) = (line.company_id.unwrap(), line.user_id.unwrap());
    assert_eq!(line.owner(), Some(Owner::Company(company_id)));
    assert_eq!(line.standing(), Standing::WaitsForNumber);

    lines.change_owner(&mut tx, line.clone(), true, cause).await.unwrap();
    let line = lines.lock(&mut tx, line.line_id).await.unwrap();
    assert_eq!(line.owner(), Some(Owner::Person(user_id)));
    assert_eq!(line.company_id, Some(company_id), "who pays stays who paid");

    let line = lines.change_company(&mut tx, line, company_id, cause).await.unwrap();
    assert_eq!(line.owner(), Some(Owner::Company(company_id)));
    let line = lines.change_owner(&mut tx, line, true, cause).await.unwrap();
    let other = CompanyId::generate();
    let line = lines.change_company(&mut tx, line, other, cause).await.unwrap();
    assert_eq!(line.owner(), Some(Owner::Company(other)));
    let told: Vec<String> =
        sqlx::query_scalar("select action from timeline_entry order by entry_id")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
    let owner = "contract_owner_changed";
    assert_eq!(told, ["ordered", owner, owner, owner, "company_changed"]);
}

#[test]
fn a_line_without_a_company_or_a_person_has_one_possible_owner() {
    let now = OffsetDateTime::UNIX_EPOCH;
    let (mut line, _ordered) = Line::order(new_line(), "americanet", now);
    let user_id = line.user_id.take();
    assert_eq!(line.change_owner(true, now), Ok(None));
    assert!(matches!(line.owner(), Some(Owner::Company(_))));
    (line.user_id, line.company_id) = (user_id, None);
    assert_eq!(line.change_owner(true, now), Ok(None));
    assert_eq!(line.owner(), user_id.map(Owner::Person));
    line.user_id = None;
    assert_eq!(line.owner(), None);
}
