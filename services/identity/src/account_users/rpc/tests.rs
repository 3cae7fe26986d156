use brazil::UserId;
use chassis::auth::Role;
use chassis::refusal::Refusal;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{OrderBy, Permission, Query};
use proto::identity::v1::access_token_service_server::AccessTokenService;
use proto::identity::v1::account_user_service_server::AccountUserService;
use proto::identity::v1::grant_service_server::GrantService;
use tonic::Code;

use super::*;
use crate::access_tokens::AccessTokens;
use crate::testing::{self, PASSWORD, account, confirmation, mails, member, reload, seat, user};

struct World {
    rpc: AccountUsers,
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
    let rpc = AccountUsers { identity: identity.clone() };
    World { rpc, identity, company_id, admin, member, _database }
}

impl World {
    fn by<T>(&self, user: &User, role: Role, permission: Permission, message: T) -> Request<T> {
        testing::by(user.user_id, role, self.company_id, permission, message)
    }

    async fn list(&self, user: &User, role: Role, query: Option<Query>) -> Vec<String> {
        let company_id = self.company_id.to_string();
        let request = pb::ListAccountUsersRequest { company_id, query };
        let request = self.by(user, role, Permission::AccountUsersRead, request);
        let answer = self.rpc.list_account_users(request).await.unwrap().into_inner();
        answer.users.into_iter().map(|user| user.email).collect()
    }

    async fn create(
        &self,
        role: Role,
        adjust: impl FnOnce(&mut pb::CreateAccountUserRequest),
    ) -> Result<pb::AccountUser, Status> {
        let mut request = pb::CreateAccountUserRequest {
            company_id: self.company_id.to_string(),
            name: "Caio".to_owned(),
            email: "Caio@x.example".to_owned(),
            password: PASSWORD.to_owned(),
            phone: Some("4833328530".to_owned()),
            role: 0,
        };
        adjust(&mut request);
        let request = self.by(&self.admin, role, Permission::AccountUsersManage, request);
        Ok(self.rpc.create_account_user(request).await?.into_inner().user.unwrap())
    }

    async fn update(
        &self,
        user: &User,
        role: Role,
        adjust: impl FnOnce(&mut pb::UpdateAccountUserRequest),
    ) -> Result<pb::AccountUser, Status> {
        let company_id = self.company_id.to_string();
        let mut request = pb::UpdateAccountUserRequest { company_id, ..Default::default() };
        adjust(&mut request);
        let request = self.by(user, role, Permission::AccountUsersRead, request);
        Ok(self.rpc.update_account_user(request).await?.into_inner().user.unwrap())
    }

    async fn confirm(&self, (user_id, token): (String, String)) -> Result<(), Status> {
        let request = Request::new(pb::ConfirmEmailRequest { user_id, token });
        self.rpc.confirm_email(request).await.map(|_| ())
    }

    async fn token(&self, email: &str, ttl: Option<i64>) -> pb::LoginForAccessTokenResponse {
        let (email, password) = (email.to_owned(), PASSWORD.to_owned());
        let request =
            pb::LoginForAccessTokenRequest { email, password, ttl, remote_address: String::new() };
        let rpc = AccessTokens { identity: self.identity.clone() };
        rpc.login_for_access_token(Request::new(request)).await.unwrap().into_inner()
    }

    async fn is_live(&self, secret: &str) -> bool {
        let request = pb::ExchangeAccessTokenRequest { secret: secret.to_owned() };
        let rpc = AccessTokens { identity: self.identity.clone() };
        rpc.exchange_access_token(Request::new(request)).await.is_ok()
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), Refusal::of(status).reason)
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

fn demote(user_id: UserId) -> impl FnOnce(&mut pb::UpdateAccountUserRequest) {
    move |change| {
        change.user_id = user_id.to_string();
        change.role = Some(pb::AccountRole::User.into());
    }
}

#[tokio::test]
async fn an_administrator_sees_everybody_and_a_user_themself() {
    let world = world().await;
    let other = account(&world.identity, "y.example").await;
    member(&world.identity, other, "eva@y.example", CompanyRole::Manager).await;
    let all = ["ana@x.example", "bia@x.example"];
    assert_eq!(world.list(&world.admin, Role::Manager, None).await, all);
    assert_eq!(world.list(&world.member, Role::Member, None).await, ["bia@x.example"]);
    let by_role = OrderBy { field: "role".to_owned(), descending: true };
    let query = Query { order_by: vec![by_role], limit: 1, ..Query::default() };
    assert_eq!(world.list(&world.admin, Role::Manager, Some(query)).await, ["bia@x.example"]);

    let ask = |company_id: String| {
        let request = pb::ListAccountUsersRequest { company_id, query: None };
        world.by(&world.admin, Role::Manager, Permission::AccountUsersRead, request)
    };
    for company_id in [other.to_string(), CompanyId::generate().to_string(), "x".to_owned()] {
        let refusal = world.rpc.list_account_users(ask(company_id)).await.unwrap_err();
        assert_eq!(reason(&refusal), (Code::NotFound, "VOICE_ACCOUNT_NOT_FOUND".to_owned()));
    }
    // A company of theirs that is no voice account.
    let customer = CompanyId::generate();
    let request = pb::ListAccountUsersRequest { company_id: customer.to_string(), query: None };
    let (user_id, permission) = (world.admin.user_id, Permission::AccountUsersRead);
    let request = testing::by(user_id, Role::Manager, customer, permission, request);
    let refusal = world.rpc.list_account_users(request).await.unwrap_err();
    assert_eq!(reason(&refusal).0, Code::NotFound);
}

#[tokio::test]
async fn a_new_person_has_yet_to_confirm() {
    let world = world().await;
    let made = world.create(Role::Manager, |_| ()).await.unwrap();
    assert_eq!((made.name.as_str(), made.email.as_str()), ("Caio", "caio@x.example"));
    assert_eq!(made.phone.as_deref(), Some("4833328530"));
    assert_eq!((made.role(), made.is_email_verified), (pb::AccountRole::User, false));
    assert_eq!(made.last_login_at, None);

    let link = confirmation(&world.identity, "caio@x.example").await;
    assert_eq!(link.0, made.user_id);
    world.confirm(link.clone()).await.unwrap();
    world.confirm(link).await.unwrap();
    world.token("caio@x.example", None).await;
    let id = made.user_id.parse().unwrap();
    let db = &world.identity.service.db;
    let known = store::find(db, world.company_id, id).await.unwrap().unwrap();
    assert!(known.is_email_verified && known.last_login_at.is_some());

    for email in ["CAIO@x.example", "ana@x.example"] {
        let again = world.create(Role::Manager, |new| new.email = email.to_owned()).await;
        let refusal = Refusal::of(&again.unwrap_err());
        assert_eq!(refusal.reason, "EMAIL_ALREADY_REGISTERED");
        assert_eq!(refusal.violations[0].field, "email");
    }
    let refusal = world.create(Role::Member, |_| ()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let wrong = world
        .create(Role::Manager, |new| {
            *new = pb::CreateAccountUserRequest {
                company_id: new.company_id.clone(),
                phone: Some("1".repeat(21)),
                role: 9,
                ..Default::default()
            }
        })
        .await;
    let all = ["name", "email", "password", "phone", "role"];
    assert_eq!(wrong_fields(&wrong.unwrap_err()), all);
}

#[tokio::test]
async fn everybody_changes_themself_and_only_administrators_others_and_roles() {
    let world = world().await;
    let (admin, member) = (&world.admin, &world.member);
    let rename = |user_id: String| {
        move |change: &mut pb::UpdateAccountUserRequest| {
            change.user_id = user_id;
            change.name = Some("New Name".to_owned());
        }
    };
    let own = world.update(member, Role::Member, rename(String::new())).await.unwrap();
    assert_eq!((own.name.as_str(), &own.user_id), ("New Name", &member.user_id.to_string()));
    world.update(admin, Role::Manager, rename(member.user_id.to_string())).await.unwrap();
    let admin_id = admin.user_id.to_string();
    for refusal in [
        world.update(member, Role::Member, rename(admin_id)).await.unwrap_err(),
        world.update(member, Role::Member, demote(member.user_id)).await.unwrap_err(),
    ] {
        assert_eq!(refusal.code(), Code::PermissionDenied);
    }
    let stranger = user(&world.identity, "eva@y.example", None, true).await;
    let ids = [stranger.user_id.to_string(), UserId::generate().to_string(), "x".to_owned()];
    for user_id in ids {
        for (by, role) in [(admin, Role::Manager), (member, Role::Member)] {
            let refusal = world.update(by, role, rename(user_id.clone())).await.unwrap_err();
            assert_eq!(reason(&refusal), (Code::NotFound, "USER_NOT_FOUND".to_owned()));
        }
    }
    let phone = |phone: &str| {
        let phone = Some(phone.to_owned());
        world.update(member, Role::Member, |change| change.phone = phone)
    };
    assert_eq!(phone("+55 48 3332").await.unwrap().phone.as_deref(), Some("+55 48 3332"));
    assert_eq!(phone("").await.unwrap().phone, None);
    let refusal = world
        .update(member, Role::Member, |change| {
            change.name = Some(String::new());
            change.email = Some("nobody".to_owned());
            change.password = Some("short".to_owned());
        })
        .await
        .unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["name", "email", "password"]);
}

#[tokio::test]
async fn nobody_gains_power_over_who_belongs_elsewhere_too() {
    let world = world().await;
    let other = CompanyId::generate();
    let guest = user(&world.identity, "eva@y.example", Some(PASSWORD), true).await;
    seat(&world.identity, world.company_id, guest.user_id, CompanyRole::Member).await;
    seat(&world.identity, other, world.member.user_id, CompanyRole::Member).await;
    for user_id in [guest.user_id, world.member.user_id] {
        for field in ["name", "email", "password", "phone"] {
            let text = Some(format!("{field}@new.example"));
            let change = |change: &mut pb::UpdateAccountUserRequest| {
                change.user_id = user_id.to_string();
                match field {
                    "name" => change.name = text,
                    "email" => change.email = text,
                    "password" => change.password = text,
                    _ => change.phone = text,
                }
            };
            let refusal = world.update(&world.admin, Role::Manager, change).await.unwrap_err();
            assert_eq!(refusal.code(), Code::PermissionDenied, "{field}");
        }
        let promote = |change: &mut pb::UpdateAccountUserRequest| {
            change.user_id = user_id.to_string();
            change.role = Some(pb::AccountRole::Admin.into());
        };
        let promoted = world.update(&world.admin, Role::Manager, promote).await.unwrap();
        assert_eq!(promoted.role(), pb::AccountRole::Admin);
    }
}

#[tokio::test]
async fn an_own_password_needs_the_current_one_and_ends_all_other_tokens() {
    let world = world().await;
    let (asks, other) =
        (world.token("ana@x.example", None).await, world.token("ana@x.example", Some(-1)).await);
    let foreign = world.token("bia@x.example", None).await;
    let signed = world.identity.issuer.person(&world.admin, vec![], 0).unwrap().token;
    let new = "another correct horse";
    let change = |current: Option<&str>| {
        let (current, prefix) = (current.map(str::to_owned), asks.token.clone().unwrap().prefix);
        world.update(&world.admin, Role::Manager, move |change| {
            change.password = Some(new.to_owned());
            change.current_password = current;
            change.token_prefix = prefix;
        })
    };
    for current in [None, Some(""), Some("wrong horse")] {
        assert_eq!(wrong_fields(&change(current).await.unwrap_err()), ["current_password"]);
    }
    assert!(world.is_live(&other.secret).await);
    change(Some(PASSWORD)).await.unwrap();
    assert!(world.is_live(&asks.secret).await);
    assert!(!world.is_live(&other.secret).await);
    assert!(world.is_live(&foreign.secret).await);
    assert!(world.identity.service.trust.check(&signed).is_err());
    assert_eq!(wrong_fields(&change(Some(PASSWORD)).await.unwrap_err()), ["current_password"]);

    // Another's password needs none, and all of their tokens end.
    let member_id = world.member.user_id.to_string();
    let set = |change: &mut pb::UpdateAccountUserRequest| {
        change.user_id = member_id;
        change.password = Some(new.to_owned());
        change.token_prefix = foreign.token.clone().unwrap().prefix;
    };
    world.update(&world.admin, Role::Manager, set).await.unwrap();
    assert!(!world.is_live(&foreign.secret).await);

    for _ in 0..10 {
        change(Some("wrong horse")).await.unwrap_err();
    }
    let refusal = change(Some(new)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted, "nobody guesses it with a stolen token");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let world = world().await;
    let (admin, member) = (&world.admin, &world.member);
    let last = (Code::FailedPrecondition, "LAST_ADMINISTRATOR".to_owned());
    let refusal = world.update(admin, Role::Manager, demote(admin.user_id)).await.unwrap_err();
    assert_eq!(reason(&refusal), last);
    let permanent = world.token("ana@x.example", Some(-1)).await.secret;
    let usual = world.token("ana@x.example", None).await.secret;

    // Somebody whose address may be mistyped does not count.
    sqlx::query(
        "with unproven as (
             update app_user set email_proven_at = null where user_id = $1 returning user_id)
         update grant_ set role = 'manager' from unproven where grant_.user_id = unproven.user_id",
    )
    .bind(member.user_id.0)
    .execute(&world.identity.service.db)
    .await
    .unwrap();
    let refusal = world.update(admin, Role::Manager, demote(admin.user_id)).await.unwrap_err();
    assert_eq!(reason(&refusal), last);
    sqlx::query(
        "with proven as (
             update app_user set email_proven_at = now() where user_id = $1 returning user_id)
         update grant_ set role = 'member' from proven where grant_.user_id = proven.user_id",
    )
    .bind(member.user_id.0)
    .execute(&world.identity.service.db)
    .await
    .unwrap();

    let promote = |change: &mut pb::UpdateAccountUserRequest| {
        change.user_id = member.user_id.to_string();
        change.role = Some(pb::AccountRole::Admin.into());
    };
    world.update(admin, Role::Manager, promote).await.unwrap();
    let signed = {
        let user = reload(&world.identity, admin.user_id).await;
        let tx = &mut *testing::connection(&world.identity).await;
        world.identity.session(tx, &user).await.unwrap().token
    };
    let demoted = world.update(admin, Role::Manager, demote(admin.user_id)).await.unwrap();
    assert_eq!(demoted.role(), pb::AccountRole::User);
    assert!(!world.is_live(&permanent).await, "only administrators have such tokens");
    assert!(world.is_live(&usual).await);
    assert!(world.identity.service.trust.check(&signed).is_err(), "it says administrator");
    let refusal = world.update(member, Role::Manager, demote(member.user_id)).await.unwrap_err();
    assert_eq!(reason(&refusal), last);
}

#[tokio::test]
async fn of_two_administrators_who_step_back_at_once_one_stays() {
    let world = world().await;
    let (ana, bia) = (&world.admin, &world.member);
    let db = &world.identity.service.db;
    for round in 0..4 {
        sqlx::query("update grant_ set role = 'manager'").execute(db).await.unwrap();
        let outcomes = if round % 2 == 0 {
            let (one, other) = tokio::join!(
                world.update(ana, Role::Manager, demote(ana.user_id)),
                world.update(bia, Role::Manager, demote(bia.user_id)),
            );
            [one.map(|_| ()), other.map(|_| ())]
        } else {
            // Or one of them is dismissed by an operator.
            let grants = grants::Grants { identity: world.identity.clone() };
            let request = pb::DeleteGrantRequest {
                company_id: world.company_id.to_string(),
                user_email: bia.email.to_string(),
                role: pb::CompanyRole::Manager.into(),
            };
            let operator = vec![chassis::auth::Grant { role: Role::Operator, company_id: None }];
            let request = chassis::testing::request(request, operator, Permission::GrantsManage);
            let (one, other) = tokio::join!(
                world.update(ana, Role::Manager, demote(ana.user_id)),
                grants.delete_grant(request),
            );
            [one.map(|_| ()), other.map(|_| ())]
        };
        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{outcomes:?}");
        assert_eq!(Refusal::of(refused[0]).reason, "LAST_ADMINISTRATOR");
        let left: i64 = sqlx::query_scalar("select count(*) from grant_ where role = 'manager'")
            .fetch_one(db)
            .await
            .unwrap();
        assert_eq!(left, 1);
        seat(&world.identity, world.company_id, bia.user_id, CompanyRole::Member).await;
        sqlx::query("delete from grant_ where user_id = $1 and role = 'manager'")
            .bind(bia.user_id.0)
            .execute(db)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn whoever_is_dismissed_and_taken_in_again_has_no_tokens_from_before() {
    let world = world().await;
    let token = world.token("bia@x.example", None).await.secret;
    let request = pb::DeleteGrantRequest {
        company_id: world.company_id.to_string(),
        user_email: world.member.email.to_string(),
        role: pb::CompanyRole::Member.into(),
    };
    let grants = grants::Grants { identity: world.identity.clone() };
    let request = world.by(&world.admin, Role::Manager, Permission::GrantsManage, request);
    grants.delete_grant(request).await.unwrap();
    assert!(!world.is_live(&token).await);
    let member_id = world.member.user_id;
    seat(&world.identity, world.company_id, member_id, CompanyRole::Member).await;
    assert!(!world.is_live(&token).await);
}

#[tokio::test]
async fn a_new_email_counts_once_it_is_confirmed() {
    let world = world().await;
    let change = |email: &str| {
        let email = Some(email.to_owned());
        world.update(&world.member, Role::Member, move |change| change.email = email)
    };
    let refusal = change("ANA@x.example").await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "EMAIL_ALREADY_REGISTERED");
    assert_eq!(change("bia@x.example").await.unwrap().email, "bia@x.example");
    assert!(mails(&world.identity).await.is_empty());

    assert_eq!(change("typo@x.example").await.unwrap().email, "bia@x.example");
    let typo = confirmation(&world.identity, "typo@x.example").await;
    assert_eq!(change("new@x.example").await.unwrap().email, "bia@x.example");
    world.token("bia@x.example", None).await;
    let link = confirmation(&world.identity, "new@x.example").await;
    let refusal = world.confirm(typo).await.unwrap_err();
    assert_eq!(reason(&refusal), (Code::FailedPrecondition, "INVALID_CONFIRMATION".to_owned()));
    for _ in 0..2 {
        world.confirm(link.clone()).await.unwrap();
    }
    let user = reload(&world.identity, world.member.user_id).await;
    assert_eq!(user.email.as_str(), "new@x.example");
    assert!(user.email_proven_at.is_some());
    world.token("new@x.example", None).await;
}

#[tokio::test]
async fn memberships_are_those_of_the_callers_token() {
    let world = world().await;
    let ask = |company_id| {
        let (user_id, permission) = (world.member.user_id, Permission::AccessTokensOwn);
        let request = pb::ListMembershipsRequest {};
        world.rpc.list_memberships(testing::by(
            user_id,
            Role::Member,
            company_id,
            permission,
            request,
        ))
    };
    let memberships = ask(world.company_id).await.unwrap().into_inner().memberships;
    assert_eq!(memberships[0].company_id, world.company_id.to_string());
    assert_eq!(memberships[0].role(), pb::AccountRole::User);
    assert!(ask(CompanyId::generate()).await.unwrap().into_inner().memberships.is_empty());
}
