use brazil::CompanyId;

use super::*;
use crate::grants::CompanyRole;
use crate::testing::{connection, identity, user};

#[tokio::test]
async fn a_role_is_held_once_and_taken_away_once() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, true).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let seat = |role| Seat { company_id: CompanyId(Uuid::nil()), role };
    let manager = seat(CompanyRole::Manager);
    assert!(put(tx, user_id, manager, "user:x", now).await.unwrap());
    assert!(!put(tx, user_id, manager, "user:y", now).await.unwrap());
    assert!(put(tx, user_id, seat(CompanyRole::Member), "user:x", now).await.unwrap());
    put_operator(tx, user_id, now).await.unwrap();
    put_operator(tx, user_id, now).await.unwrap();

    let roles = async |tx: &mut PgConnection| {
        let mut roles: Vec<_> =
            of_user(tx, user_id).await.unwrap().into_iter().map(|grant| grant.role).collect();
        roles.sort_by_key(|role| format!("{role:?}"));
        roles
    };
    assert_eq!(roles(tx).await, [Role::Manager, Role::Member, Role::Operator]);
    assert!(delete(tx, user_id, manager).await.unwrap());
    assert!(!delete(tx, user_id, manager).await.unwrap());
    assert_eq!(roles(tx).await, [Role::Member, Role::Operator]);
}

#[tokio::test]
async fn roles_pass_on_to_the_owner_of_the_address() {
    let (identity, _database) = identity().await;
    let from = user(&identity, "a@x.example", None, false).await.user_id;
    let to = user(&identity, "b@x.example", None, true).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let seat = |company_id| Seat { company_id, role: CompanyRole::Manager };
    let (shared, only) = (CompanyId::generate(), CompanyId::generate());
    for (user_id, company_id) in [(from, shared), (from, only), (to, shared)] {
        put(tx, user_id, seat(company_id), "user:x", now).await.unwrap();
    }
    pass_on(tx, from, to).await.unwrap();
    assert!(of_user(&mut *tx, from).await.unwrap().is_empty());
    let passed: Vec<_> =
        of_user(tx, to).await.unwrap().into_iter().map(|grant| grant.company_id).collect();
    assert_eq!(passed, [Some(shared.0), Some(only.0)]);
}
