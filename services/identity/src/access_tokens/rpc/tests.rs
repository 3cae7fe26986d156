use chassis::refusal::Refusal;
use futures::future::join_all;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{
    Comparison, Condition, Operator, Permission, Query, QueryValue, condition, query_value,
};
use proto::identity::v1::access_token_service_server::AccessTokenService;
use time::Duration;
use tonic::Code;

use super::*;
use crate::grants::CompanyRole;
use crate::testing::{self, PASSWORD, account, connection, member, reload, seat, user};
use crate::users::User;

struct World {
    rpc: AccessTokens,
    identity: Identity,
    company_id: CompanyId,
    admin: User,
    member: User,
    _database: TestDatabase,
}

async fn world() -> World {
    let (identity, _database) = testing::identity().await;
    let company_id = account(&identity, "x.example").await;
    let admin = member(&identity, company_id, "ana@x.example", CompanyRole::Manager).await;
    let member = member(&identity, company_id, "bia@x.example", CompanyRole::Member).await;
    let rpc = AccessTokens { identity: identity.clone() };
    World { rpc, identity, company_id, admin, member, _database }
}

impl World {
    async fn login_from(
        &self,
        email: &str,
        password: &str,
        ttl: Option<i64>,
        remote_address: &str,
    ) -> Result<pb::LoginForAccessTokenResponse, Status> {
        let request = pb::LoginForAccessTokenRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            ttl,
            remote_address: remote_address.to_owned(),
        };
        Ok(self.rpc.login_for_access_token(Request::new(request)).await?.into_inner())
    }

    async fn login(&self, email: &str) -> pb::LoginForAccessTokenResponse {
        self.login_from(email, PASSWORD, None, "").await.unwrap()
    }

    async fn exchange(&self, secret: &str) -> Result<pb::ExchangeAccessTokenResponse, Status> {
        let secret = secret.to_owned();
        let request = Request::new(pb::ExchangeAccessTokenRequest { secret });
        Ok(self.rpc.exchange_access_token(request).await?.into_inner())
    }

    fn by<T>(&self, user: &User, message: T) -> Request<T> {
        let role = if user.user_id == self.admin.user_id { Role::Manager } else { Role::Member };
        let permission = Permission::AccessTokensOwn;
        testing::by(user.user_id, role, self.company_id, permission, message)
    }

    async fn create(
        &self,
        user: &User,
        ttl: Option<i64>,
    ) -> Result<pb::CreateAccessTokenResponse, Status> {
        let request = pb::CreateAccessTokenRequest { company_id: self.company_id.to_string(), ttl };
        Ok(self.rpc.create_access_token(self.by(user, request)).await?.into_inner())
    }

    async fn list(&self, user: &User, query: Option<Query>) -> Vec<pb::PersonalToken> {
        let company_id = self.company_id.to_string();
        let request = self.by(user, pb::ListAccessTokensRequest { company_id, query });
        self.rpc.list_access_tokens(request).await.unwrap().into_inner().tokens
    }

    async fn revoke(&self, user: &User, prefix: &str) -> Result<(), Status> {
        let (company_id, prefix) = (self.company_id.to_string(), prefix.to_owned());
        let request = self.by(user, pb::RevokeAccessTokenRequest { company_id, prefix });
        self.rpc.revoke_access_token(request).await.map(|_| ())
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), Refusal::of(status).reason)
}

fn invalid_token() -> (Code, String) {
    (Code::Unauthenticated, "INVALID_ACCESS_TOKEN".to_owned())
}

#[tokio::test]
async fn a_token_is_exchanged_for_one_that_carries_its_accounts_role_and_no_other() {
    let world = world().await;
    let elsewhere = account(&world.identity, "y.example").await;
    seat(&world.identity, elsewhere, world.admin.user_id, CompanyRole::Manager).await;
    let login = world.login("ANA@x.example").await;
    assert_eq!(login.user_id, world.admin.user_id.to_string());
    let token = login.token.unwrap();
    assert_eq!((token.ttl, token.prefix.as_str()), (1_209_600, &login.secret[..8]));

    let exchanged = world.exchange(&login.secret).await.unwrap();
    assert_eq!(exchanged.company_id, world.company_id.to_string(), "the oldest membership");
    assert_eq!((&exchanged.user_id, &exchanged.prefix), (&login.user_id, &token.prefix));
    let claims = world.identity.service.trust.check(&exchanged.token).unwrap();
    let company_id = Some(world.company_id.into());
    assert_eq!(claims.grants, [Grant { role: Role::Manager, company_id }]);
    assert_eq!(claims.email.as_ref(), Some(&world.admin.email));
    assert!(claims.exp - claims.iat <= 30);
    let member = world.exchange(&world.login("bia@x.example").await.secret).await.unwrap();
    let claims = world.identity.service.trust.check(&member.token).unwrap();
    assert_eq!(claims.grants[0].role, Role::Member);

    let kept: Vec<String> = sqlx::query_scalar("select t::text from access_token t")
        .fetch_all(&world.identity.service.db)
        .await
        .unwrap();
    assert!(kept.iter().all(|row| !row.contains(&login.secret)), "only a hash is kept");
}

#[tokio::test]
async fn what_is_no_live_token_is_not_exchanged() {
    let world = world().await;
    for secret in ["", "x", &"x".repeat(64), &"é".repeat(32)] {
        let refusal = world.exchange(secret).await.unwrap_err();
        assert_eq!(reason(&refusal), invalid_token(), "{secret}");
    }
    let short = world.create(&world.member, Some(20)).await.unwrap();
    let clock = &world.identity.service.clock;
    clock.advance(Duration::seconds(15)).unwrap();
    let exchanged = world.exchange(&short.secret).await.unwrap();
    let claims = world.identity.service.trust.check(&exchanged.token).unwrap();
    assert!(claims.exp - claims.iat <= 5, "it does not outlive what it was exchanged for");
    clock.advance(Duration::seconds(5)).unwrap();
    assert_eq!(reason(&world.exchange(&short.secret).await.unwrap_err()), invalid_token());

    let gone = world.login("bia@x.example").await.secret;
    sqlx::query("delete from grant_ where user_id = $1")
        .bind(world.member.user_id.0)
        .execute(&world.identity.service.db)
        .await
        .unwrap();
    assert_eq!(reason(&world.exchange(&gone).await.unwrap_err()), invalid_token());
}

#[tokio::test]
async fn a_permanent_token_stays_until_it_is_ended_and_only_administrators_have_one() {
    let world = world().await;
    let permanent = world.create(&world.admin, Some(-1)).await.unwrap();
    let (user, db) = (&world.member, &world.identity.service.db);
    for status in [
        world.create(user, Some(-1)).await.unwrap_err(),
        world.create(user, Some(0)).await.unwrap_err(),
        world.login_from("bia@x.example", PASSWORD, Some(-1), "").await.unwrap_err(),
        world.login_from("ana@x.example", PASSWORD, Some(31_556_927), "").await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(Refusal::of(&status).violations[0].field, "ttl");
    }
    world.login_from("ana@x.example", PASSWORD, Some(-1), "").await.unwrap();
    world.login("bia@x.example").await;
    world.identity.service.clock.advance(Duration::days(4000)).unwrap();
    store::delete_expired(db, world.identity.now()).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("select count(*) from access_token").fetch_one(db).await.unwrap();
    assert_eq!(left, 2, "dead ones are forgotten");
    crate::tokens::refresh(&world.identity).await.unwrap();
    world.exchange(&permanent.secret).await.unwrap();
    world.revoke(&world.admin, &permanent.token.unwrap().prefix).await.unwrap();
    assert_eq!(reason(&world.exchange(&permanent.secret).await.unwrap_err()), invalid_token());
}

#[tokio::test]
async fn people_see_and_end_their_own_live_tokens() {
    let world = world().await;
    let first = world.login("ana@x.example").await.token.unwrap();
    world.identity.service.clock.advance(Duration::SECOND).unwrap();
    let second = world.create(&world.admin, Some(60)).await.unwrap().token.unwrap();
    let foreign = world.login("bia@x.example").await.token.unwrap();
    assert_eq!(world.list(&world.admin, None).await, [first.clone(), second.clone()]);
    let short = Comparison {
        field: "ttl".to_owned(),
        operator: Operator::Less.into(),
        values: vec![QueryValue { kind: Some(query_value::Kind::Integer(100)) }],
        flags: String::new(),
    };
    let short = Condition { kind: Some(condition::Kind::Comparison(short)) };
    let query = Query { r#where: Some(short), ..Query::default() };
    assert_eq!(world.list(&world.admin, Some(query)).await, std::slice::from_ref(&second));

    for prefix in [foreign.prefix.as_str(), "", "unknown1"] {
        let refusal = world.revoke(&world.admin, prefix).await.unwrap_err();
        assert_eq!(reason(&refusal), (Code::NotFound, "ACCESS_TOKEN_NOT_FOUND".to_owned()));
    }
    world.revoke(&world.admin, &first.prefix).await.unwrap();
    assert_eq!(world.list(&world.admin, None).await, [second]);
    world.identity.service.clock.advance(Duration::MINUTE).unwrap();
    assert!(world.list(&world.admin, None).await.is_empty());
    assert_eq!(world.list(&world.member, None).await, [foreign]);
}

#[tokio::test]
async fn a_token_of_one_account_is_none_of_another() {
    let world = world().await;
    let elsewhere = account(&world.identity, "y.example").await;
    seat(&world.identity, elsewhere, world.admin.user_id, CompanyRole::Manager).await;
    let absent = (Code::NotFound, "VOICE_ACCOUNT_NOT_FOUND".to_owned());
    // Their token says nothing of the other account, whatever they are there.
    let ask = |company_id| pb::CreateAccessTokenRequest { company_id, ttl: None };
    for company_id in [elsewhere.to_string(), "x".to_owned(), String::new()] {
        let request = world.by(&world.admin, ask(company_id));
        let refusal = world.rpc.create_access_token(request).await.unwrap_err();
        assert_eq!(reason(&refusal), absent);
    }
    // Their token says so, and they are not there any more.
    let permission = Permission::AccessTokensOwn;
    let request = ask(elsewhere.to_string());
    let request = testing::by(world.member.user_id, Role::Member, elsewhere, permission, request);
    assert_eq!(reason(&world.rpc.create_access_token(request).await.unwrap_err()), absent);
}

#[tokio::test]
async fn tokens_that_are_made_at_once_begin_unlike_each_other() {
    let world = world().await;
    let made = join_all((0..8).map(|_| world.create(&world.admin, None))).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let tx = &mut *connection(&world.identity).await;
    let secret = Secret::generate();
    let (user_id, now) = (world.admin.user_id, world.identity.now());
    let mut insert = async |user_id| {
        store::insert(tx, &secret, user_id, world.company_id, Ttl::Permanent, now).await
    };
    assert!(insert(user_id).await.unwrap());
    assert!(!insert(user_id).await.unwrap(), "the prefix is in use");
}

#[tokio::test]
async fn an_ended_session_takes_signed_tokens_along_and_leaves_opaque_ones() {
    let world = world().await;
    let opaque = world.login("ana@x.example").await.secret;
    let exchanged = world.exchange(&opaque).await.unwrap().token;
    let user = reload(&world.identity, world.admin.user_id).await;
    let signed = world.identity.issuer.person(&user, vec![], 0).unwrap().token;
    world.rpc.end_session(world.by(&world.admin, pb::EndSessionRequest {})).await.unwrap();
    let trust = &world.identity.service.trust;
    assert!(trust.check(&signed).is_err());
    assert!(trust.check(&exchanged).is_ok());
    world.exchange(&opaque).await.unwrap();

    // The request's token is from before.
    let refusal = world.create(&world.admin, None).await.unwrap_err();
    assert_eq!(reason(&refusal), invalid_token());
}

#[tokio::test]
async fn failures_are_told_apart_only_after_the_right_password() {
    let world = world().await;
    let identity = &world.identity;
    user(identity, "nowhere@x.example", Some(PASSWORD), true).await;
    let unproven = user(identity, "new@x.example", Some(PASSWORD), false).await;
    seat(identity, world.company_id, unproven.user_id, CompanyRole::Member).await;
    for (email, password, expected) in [
        ("ana@x.example", "wrong horse", (Code::Unauthenticated, "INVALID_CREDENTIALS")),
        ("nobody@x.example", PASSWORD, (Code::Unauthenticated, "INVALID_CREDENTIALS")),
        ("nobody", PASSWORD, (Code::Unauthenticated, "INVALID_CREDENTIALS")),
        ("new@x.example", "wrong horse", (Code::Unauthenticated, "INVALID_CREDENTIALS")),
        ("new@x.example", PASSWORD, (Code::Unauthenticated, "EMAIL_NOT_PROVEN")),
        ("nowhere@x.example", PASSWORD, (Code::PermissionDenied, "NO_VOICE_ACCOUNT")),
        ("", PASSWORD, (Code::InvalidArgument, "INVALID_FIELDS")),
        ("ana@x.example", "", (Code::InvalidArgument, "INVALID_FIELDS")),
    ] {
        let refusal = world.login_from(email, password, None, "").await.unwrap_err();
        assert_eq!(reason(&refusal), (expected.0, expected.1.to_owned()), "{email}");
    }
}

#[tokio::test]
async fn ten_failures_keep_out_whoever_made_them_and_nobody_elsewhere() {
    let world = world().await;
    let from = |password, address| world.login_from("ana@x.example", password, None, address);
    let guesses = join_all((0..14).map(|_| from("wrong horse", "192.0.2.1"))).await;
    let (counted, waiting): (Vec<_>, Vec<_>) = guesses
        .into_iter()
        .map(|outcome| outcome.unwrap_err().code())
        .partition(|code| *code == Code::Unauthenticated);
    assert_eq!((counted.len(), waiting.len()), (10, 4));
    let refusal = from(PASSWORD, "192.0.2.1").await.unwrap_err();
    assert_eq!(reason(&refusal), (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS".to_owned()));
    from(PASSWORD, "192.0.2.2").await.unwrap();
    world.login_from("bia@x.example", PASSWORD, None, "192.0.2.1").await.unwrap();
    world.identity.service.clock.advance(Duration::minutes(15)).unwrap();
    from(PASSWORD, "192.0.2.1").await.unwrap();
}
