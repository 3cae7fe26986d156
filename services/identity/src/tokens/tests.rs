use brazil::UserId;
use chassis::auth::{Role, SubjectKind};
use proptest::prelude::*;
use proto::identity::v1 as pb;
use proto::identity::v1::token_service_server::TokenService;
use time::macros::datetime;
use tonic::{Code, Request};

use super::*;
use crate::testing::{SECRET, connection, identity, user};

const LIFETIME: Duration = Duration::days(30);
const AHEAD: Duration = Duration::HOUR;
const TOKEN_LIFE: Duration = Duration::days(1);

#[derive(Clone, Debug)]
struct Key {
    created_at: OffsetDateTime,
    activates_at: OffsetDateTime,
}

/// Newest first, as the rotation keeps them.
fn rotate_plan(keys: &mut Vec<Key>, now: OffsetDateTime) {
    let activations: Vec<_> = keys.iter().map(|key| key.activates_at).collect();
    keys.truncate(first_dead(&activations, now, TOKEN_LIFE));
    while let Some(activates_at) =
        next_activation(keys.first().map(|key| key.activates_at), now, LIFETIME, AHEAD)
    {
        keys.insert(0, Key { created_at: now, activates_at });
    }
}

fn signer(keys: &[Key], now: OffsetDateTime) -> Key {
    keys.iter().find(|key| key.activates_at <= now).unwrap().clone()
}

proptest! {
    #[test]
    fn no_leap_of_the_clock_leaves_a_token_without_its_key(
        leaps in prop::collection::vec(0_i64..80 * 24 * 60, 1..40)
    ) {
        let mut now = datetime!(2026-01-01 00:00 UTC);
        let start = now;
        let mut keys = Vec::new();
        rotate_plan(&mut keys, now);
        let mut signed: Vec<(OffsetDateTime, OffsetDateTime)> = Vec::new();
        for leap in leaps {
            now += Duration::minutes(leap);
            // Before the rotation had a chance to run, there is a key that everybody knows.
            let key = signer(&keys, now);
            prop_assert!(key.created_at == start || key.created_at + AHEAD <= key.activates_at);
            signed.push((now, key.activates_at));
            rotate_plan(&mut keys, now);
            signed.push((now, signer(&keys, now).activates_at));

            prop_assert_eq!(keys.iter().filter(|key| key.activates_at > now).count(), 1);
            prop_assert!(keys.len() <= 4);
            for (at, kid) in signed.iter().filter(|(at, _)| *at + TOKEN_LIFE > now) {
                prop_assert!(keys.iter().any(|key| key.activates_at == *kid), "of {at}");
            }
        }
    }
}

#[test]
fn a_key_signs_for_its_time_and_is_known_before() {
    let start = datetime!(2026-01-01 00:00 UTC);
    assert_eq!(next_activation(None, start, LIFETIME, AHEAD), Some(start));
    let heir = start + LIFETIME;
    assert_eq!(next_activation(Some(start), start, LIFETIME, AHEAD), Some(heir));
    assert_eq!(next_activation(Some(heir), start, LIFETIME, AHEAD), None);
    let late = heir + Duration::days(90);
    assert_eq!(next_activation(Some(heir), late, LIFETIME, AHEAD), Some(late + AHEAD));
}

#[tokio::test]
async fn replicas_that_start_together_share_their_keys() {
    let (identity, _database) = identity().await;
    sqlx::query("delete from signing_key").execute(&identity.service.db).await.unwrap();
    let starts = (0..4).map(|_| refresh(&identity));
    for started in futures::future::join_all(starts).await {
        started.unwrap();
    }
    let keys = store::keys(&identity.service.db).await.unwrap();
    assert_eq!(keys.len(), 2, "one that signs, and the next");
    assert_eq!(keys[0].activates_at - keys[1].activates_at, LIFETIME);
}

#[tokio::test]
async fn tokens_are_good_before_and_after_a_far_leap() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", None, true).await;
    for days in [0, 29, 2, 100, 400] {
        identity.service.clock.advance(Duration::days(days)).unwrap();
        let before = identity.issuer.person(&user, vec![], 0).unwrap();
        assert!(identity.service.trust.check(&before.token).is_ok(), "{days} days on");
        refresh(&identity).await.unwrap();
        assert!(identity.service.trust.check(&before.token).is_ok());
        let after = identity.issuer.person(&user, vec![], 0).unwrap();
        let claims = identity.service.trust.check(&after.token).unwrap();
        assert_eq!((claims.kind, claims.exp - claims.iat), (SubjectKind::User, 86_400));
    }
    assert!(store::keys(&identity.service.db).await.unwrap().len() <= 3);
}

#[tokio::test]
async fn a_revocation_counts_and_is_told() {
    let (identity, _database) = identity().await;
    let mut user = user(&identity, "ana@x.example", None, true).await;
    let old = identity.issuer.person(&user, vec![], 0).unwrap().token;
    let since = identity.now();
    identity.end_sessions(&mut *connection(&identity).await, &mut user).await.unwrap();
    identity.heed().await;
    assert!(identity.service.trust.check(&old).is_err());
    let new = identity.issuer.person(&user, vec![], 0).unwrap().token;
    assert!(identity.service.trust.check(&new).is_ok());

    let rpc = Tokens { identity: identity.clone() };
    let ask = |since| Request::new(pb::ListRevocationsRequest { since });
    let told = rpc.list_revocations(ask(None)).await.unwrap().into_inner();
    assert_eq!(told.revocations[0].subject, user.user_id.to_string());
    assert_eq!(told.revocations[0].epoch_min, 1);
    let again = rpc.list_revocations(ask(told.read_at)).await.unwrap().into_inner();
    assert_eq!(again.revocations.len(), 1, "told again rather than missed");
    let later = since + Duration::minutes(5);
    let none = rpc.list_revocations(ask(Some(chassis::timestamp::to_proto(later)))).await.unwrap();
    assert!(none.into_inner().revocations.is_empty());

    identity.service.clock.advance(Duration::days(2)).unwrap();
    let none = rpc.list_revocations(ask(None)).await.unwrap().into_inner();
    assert!(none.revocations.is_empty(), "no token is that old");
}

#[tokio::test]
async fn a_revocation_never_goes_back() {
    let (identity, _database) = identity().await;
    let tx = &mut *connection(&identity).await;
    let (now, subject) = (identity.now(), UserId::generate().to_string());
    store::revoke(tx, &subject, 5, now).await.unwrap();
    store::revoke(tx, &subject, 3, now - Duration::HOUR).await.unwrap();
    let told = store::revocations(&mut *tx, now).await.unwrap();
    assert_eq!(told, [store::Revocation { subject, epoch_min: 5 }]);
    store::delete_revocations(&mut *tx, now + Duration::SECOND).await.unwrap();
    assert!(store::revocations(tx, now).await.unwrap().is_empty());
}

#[tokio::test]
async fn clients_get_tokens_for_their_own_secret_only() {
    let (identity, _database) = identity().await;
    let rpc = Tokens { identity: identity.clone() };
    let issue = async |client_id: &str, client_secret: &str| {
        let (client_id, client_secret) = (client_id.to_owned(), client_secret.to_owned());
        rpc.issue_client_token(Request::new(pb::IssueClientTokenRequest {
            client_id,
            client_secret,
        }))
        .await
    };
    let token = issue("gateway", SECRET).await.unwrap().into_inner();
    assert_eq!(token.expires_in.unwrap().seconds, 3600);
    let claims = identity.service.trust.check(&token.access_token).unwrap();
    assert_eq!((claims.sub.as_str(), claims.grants[0].role), ("gateway", Role::Service));
    for (client_id, secret) in [("gateway", "wrong"), ("nobody", SECRET), ("", "")] {
        let status = issue(client_id, secret).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
}
