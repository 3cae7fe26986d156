use brazil::UserId;
use chassis::resealing::reseal;
use time::macros::date;

use super::*;
use crate::SEALED;
use crate::identity::Identity;
use crate::testing::{connection, email, identity, user};

fn person() -> Person {
    Person {
        full_name: Some("Ana Souza".to_owned()),
        social_name: Some("Ana".to_owned()),
        phone_number: Some("+5541991234567".parse().unwrap()),
        cpf: Some("529.982.247-25".parse().unwrap()),
        date_of_birth: Some(date!(1990 - 05 - 01)),
        address: Some(chassis::address::Address {
            city: Some("Curitiba".to_owned()),
            ..Default::default()
        }),
    }
}

async fn insert_person(identity: &Identity) -> User {
    let user = User::new(email("ana@x.example"), person(), identity.now());
    let tx = &mut *connection(identity).await;
    insert(tx, &identity.service.keyring, &user).await.unwrap();
    user
}

#[tokio::test]
async fn a_user_is_read_as_written_and_sealed_between() {
    let (identity, _database) = identity().await;
    let mut user = insert_person(&identity).await;
    let (keyring, tx) = (&identity.service.keyring, &mut *connection(&identity).await);
    assert_eq!(lock(tx, keyring, user.user_id).await.unwrap(), Some(user.clone()));
    let row: String = sqlx::query_scalar("select u::text from app_user u where user_id = $1")
        .bind(user.user_id.0)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    for hidden in ["52998224725", "1990-05-01", "Curitiba"] {
        assert!(!row.contains(hidden), "{hidden} is in the clear");
    }

    user.person = Person::default();
    user.epoch = 7;
    user.prove(identity.now());
    save(tx, keyring, &user).await.unwrap();
    assert_eq!(lock(tx, keyring, user.user_id).await.unwrap(), Some(user));
    assert_eq!(lock(tx, keyring, UserId::generate()).await.unwrap(), None);
}

#[tokio::test]
async fn an_address_has_one_account_until_it_is_replaced() {
    let (identity, _database) = identity().await;
    let (keyring, mut first) = (&identity.service.keyring, insert_person(&identity).await);
    let second = User::new(first.email.clone(), Person::default(), identity.now());
    let tx = &mut *connection(&identity).await;
    let refused = insert(tx, keyring, &second).await;
    assert!(matches!(refused, Err(Error::EmailAlreadyRegistered)));

    first.state = State::Replaced;
    save(tx, keyring, &first).await.unwrap();
    insert(tx, keyring, &second).await.unwrap();
    let found = lock_by_email(tx, keyring, &first.email).await.unwrap().unwrap();
    assert_eq!(found.user_id, second.user_id);
    first.state = State::Active;
    let refused = save(tx, keyring, &first).await;
    assert!(matches!(refused, Err(Error::EmailAlreadyRegistered)));
}

#[tokio::test]
async fn users_outside_the_scope_are_not_found() {
    let (identity, _database) = identity().await;
    let (one, other) = (
        user(&identity, "a@x.example", None, true).await.user_id.0,
        user(&identity, "b@x.example", None, true).await.user_id.0,
    );
    let (db, keyring) = (&identity.service.db, &identity.service.keyring);
    let found = async |everything, user_id| {
        let scope = Scope { everything, company_ids: vec![], user_id };
        let mut found = find_all(db, keyring, &[one, other], &scope).await.unwrap();
        found.sort_by_key(|user| user.user_id);
        found.into_iter().map(|user| user.user_id.0).collect::<Vec<_>>()
    };
    assert_eq!(found(true, None).await, [one, other]);
    assert_eq!(found(false, Some(one)).await, [one]);
    assert!(found(false, None).await.is_empty());
}

#[tokio::test]
async fn a_login_names_user_state_and_password() {
    let (identity, _database) = identity().await;
    let invited = user(&identity, "a@x.example", None, false).await;
    let (db, tx) = (&identity.service.db, &mut *connection(&identity).await);
    let login = login_of(db, &invited.email).await.unwrap();
    assert_eq!(login, Some((invited.user_id, State::Active, None)));
    assert!(is_unproven(db, &invited.email).await.unwrap());
    assert!(!has_password(tx, invited.user_id).await.unwrap());

    for hash in ["first", "second"] {
        set_password(tx, invited.user_id, hash, identity.now()).await.unwrap();
        let (_, _, kept) = login_of(db, &invited.email).await.unwrap().unwrap();
        assert_eq!(kept.as_deref(), Some(hash));
    }
    assert!(has_password(tx, invited.user_id).await.unwrap());
    assert_eq!(login_of(db, &email("b@x.example")).await.unwrap(), None);
    assert!(!is_unproven(db, &email("b@x.example")).await.unwrap());
}

#[tokio::test]
async fn people_and_signing_keys_outlive_the_key_that_sealed_them() {
    let (mut identity, _database) = identity().await;
    let user = insert_person(&identity).await;
    let (both, alone) = identity.service.keyring.renewed();
    let db = identity.service.db.clone();
    assert!(reseal(&db, "identity", &both, &SEALED).await.unwrap().is_complete());
    let tx = &mut *connection(&identity).await;
    assert_eq!(lock(tx, &alone, user.user_id).await.unwrap(), Some(user));
    let fingerprint: Vec<u8> =
        sqlx::query_scalar("select cpf_fingerprint from app_user where cpf_sealed is not null")
            .fetch_one(tx)
            .await
            .unwrap();
    assert_eq!(fingerprint, alone.fingerprint(CPF, b"52998224725"));
    identity.service.keyring = alone;
    crate::tokens::refresh(&identity).await.unwrap();
}
