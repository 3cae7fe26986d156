use time::Duration;

use super::*;
use crate::links;
use crate::testing::{connection, identity, user};

#[tokio::test]
async fn a_reset_is_good_once_and_for_a_while() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, true).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let link = |secret| Link { token_hash: links::hash(secret), expires_at: now + Duration::HOUR };
    let request_id = Uuid::now_v7();
    assert!(insert(tx, request_id, user_id, &link("one"), now).await.unwrap());
    assert!(!insert(tx, request_id, user_id, &link("again"), now).await.unwrap());
    assert!(insert(tx, Uuid::now_v7(), user_id, &link("two"), now).await.unwrap());

    let (one, two) = (links::hash("one"), links::hash("two"));
    assert_eq!(find(&mut *tx, &one, now).await.unwrap(), Some(user_id));
    assert_eq!(find(&mut *tx, &one, now + Duration::HOUR).await.unwrap(), None);
    assert_eq!(take(tx, &one, now + Duration::HOUR).await.unwrap(), None);
    assert_eq!(take(tx, &one, now).await.unwrap(), Some(user_id));
    assert_eq!(find(&mut *tx, &two, now).await.unwrap(), None, "the others are void");
    assert_eq!(take(tx, &one, now).await.unwrap(), None);
}

#[tokio::test]
async fn old_resets_and_those_of_the_disabled_are_gone() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, true).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let hash = links::hash("one");
    let link = Link { token_hash: hash.clone(), expires_at: now + Duration::HOUR };
    insert(tx, Uuid::now_v7(), user_id, &link, now).await.unwrap();
    sqlx::query("update app_user set state = 'disabled'").execute(&mut *tx).await.unwrap();
    assert_eq!(find(&mut *tx, &hash, now).await.unwrap(), None);
    delete_expired(&mut *tx, now + Duration::HOUR).await.unwrap();
    assert_eq!(take(tx, &hash, now).await.unwrap(), None);
}
