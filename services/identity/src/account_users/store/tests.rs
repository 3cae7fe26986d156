use super::*;
use crate::testing::{PASSWORD, account, connection, identity, member, seat, user};

#[tokio::test]
async fn a_role_changes_and_the_membership_keeps_its_age() {
    let (identity, _database) = identity().await;
    let company_id = account(&identity, "x.example").await;
    let ana = member(&identity, company_id, "ana@x.example", CompanyRole::Member).await;
    seat(&identity, company_id, ana.user_id, CompanyRole::Manager).await;
    let (tx, db) = (&mut *connection(&identity).await, &identity.service.db);
    let since = "select min(created_at) from grant_";
    let before: OffsetDateTime = sqlx::query_scalar(since).fetch_one(db).await.unwrap();
    for role in [CompanyRole::Member, CompanyRole::Manager] {
        set_role(tx, company_id, ana.user_id, role, "user:x").await.unwrap();
        let after: OffsetDateTime = sqlx::query_scalar(since).fetch_one(db).await.unwrap();
        assert_eq!(after, before);
        let found = find(db, company_id, ana.user_id).await.unwrap().unwrap();
        assert_eq!(found.role, role);
    }
    assert!(!has_other_administrator(tx, company_id, ana.user_id).await.unwrap());
}

#[tokio::test]
async fn people_are_found_by_the_index_of_their_account() {
    let (identity, _database) = identity().await;
    let company_id = account(&identity, "x.example").await;
    let ana = user(&identity, "ana@x.example", Some(PASSWORD), true).await;
    seat(&identity, company_id, ana.user_id, CompanyRole::Member).await;
    let db = &identity.service.db;
    sqlx::query(
        "insert into grant_ (user_id, role, company_id, granted_by, created_at)
         select $1, 'member', gen_random_uuid(), 'x', now() from generate_series(1, 5000)",
    )
    .bind(ana.user_id.0)
    .execute(db)
    .await
    .unwrap();
    sqlx::query("analyze grant_").execute(db).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select user_id from grant_
          where company_id = '0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d' group by user_id",
    )
    .fetch_all(db)
    .await
    .unwrap();
    assert!(plan.join("\n").contains("grant_by_company"), "{plan:#?}");
    let only = Some(ana.user_id);
    assert_eq!(list(db, None, company_id, only).await.unwrap().len(), 1);
}
