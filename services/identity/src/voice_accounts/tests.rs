use std::sync::{Arc, Mutex};

use chassis::auth::Credentials;
use chassis::client::{Upstream, channel};
use chassis::jobs::Job;
use chassis::refusal::{Refusal, refuse};
use futures::future::join_all;
use postgres_local::testing::TestDatabase;
use proto::company::v1 as company;
use proto::company::v1::company_service_server::{CompanyService, CompanyServiceServer};
use proto::identity::v1::token_service_server::TokenServiceServer;
use time::Duration;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response};

use super::*;
use crate::identity::Identity;
use crate::testing::{SECRET, confirmation, mails, queued, reload};
use crate::tokens::Tokens;
use crate::{confirmations, grants, users};

/// Company, as it answers to openings; `refusal` is what it says to the next ones.
#[derive(Clone, Default)]
struct Company {
    asked: Arc<Mutex<Vec<company::OpenVoiceAccountRequest>>>,
    refusal: Arc<Mutex<Option<Status>>>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CompanyService for Company {
    async fn open_voice_account(
        &self,
        request: Request<company::OpenVoiceAccountRequest>,
    ) -> Answer<company::OpenVoiceAccountResponse> {
        self.asked.lock().unwrap().push(request.into_inner());
        match self.refusal.lock().unwrap().clone() {
            Some(refusal) => Err(refusal),
            None => Ok(Response::new(Default::default())),
        }
    }

    async fn create_company(
        &self,
        _: Request<company::CreateCompanyRequest>,
    ) -> Answer<company::CreateCompanyResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_company(
        &self,
        _: Request<company::GetCompanyRequest>,
    ) -> Answer<company::GetCompanyResponse> {
        Err(Status::unimplemented(""))
    }

    async fn batch_get_companies(
        &self,
        _: Request<company::BatchGetCompaniesRequest>,
    ) -> Answer<company::BatchGetCompaniesResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_companies(
        &self,
        _: Request<company::ListCompaniesRequest>,
    ) -> Answer<company::ListCompaniesResponse> {
        Err(Status::unimplemented(""))
    }

    async fn update_company(
        &self,
        _: Request<company::UpdateCompanyRequest>,
    ) -> Answer<company::UpdateCompanyResponse> {
        Err(Status::unimplemented(""))
    }

    async fn set_company_status(
        &self,
        _: Request<company::SetCompanyStatusRequest>,
    ) -> Answer<company::SetCompanyStatusResponse> {
        Err(Status::unimplemented(""))
    }
}

async fn identity() -> (Identity, Company, TestDatabase) {
    let (mut identity, database) = crate::testing::identity().await;
    let company = Company::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let server = Server::builder()
        .add_service(CompanyServiceServer::new(company.clone()))
        .add_service(TokenServiceServer::new(Tokens { identity: identity.clone() }))
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    let (channel, clock) = (channel(url), identity.service.clock.clone());
    let secret = SECRET.parse().unwrap();
    let credentials = Credentials::new("gateway", secret, clock, channel.clone());
    identity.service.company = Upstream::new(channel, credentials);
    (identity, company, database)
}

fn api4com() -> pb::OpenVoiceAccountRequest {
    pb::OpenVoiceAccountRequest {
        email: "Suporte@api4com.com".to_owned(),
        password: "PwDLooL!".to_owned(),
        organization_name: "Api4Com - API de Voz".to_owned(),
        phone: "4833328530".to_owned(),
        domain: "suporte.api4com.com".to_owned(),
        remote_address: String::new(),
    }
}

fn another(number: usize) -> pb::OpenVoiceAccountRequest {
    let (email, domain) = (format!("a{number}@x.example"), format!("a{number}.x.example"));
    pb::OpenVoiceAccountRequest { email, domain, ..api4com() }
}

async fn ask(
    identity: &Identity,
    request: pb::OpenVoiceAccountRequest,
) -> Result<pb::OpenVoiceAccountResponse, Status> {
    Ok(open(identity, Request::new(request)).await?.into_inner())
}

fn wrong_fields(status: &Status) -> Vec<String> {
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

async fn count(identity: &Identity, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&identity.service.db).await.unwrap()
}

const HELD: &str = "select (select count(*) from app_user) + (select count(*) from credential)
                         + (select count(*) from grant_)
                         + (select count(*) from voice_account where state <> 'refused')";

#[tokio::test]
async fn an_account_is_opened_with_its_administrator() {
    let (identity, company, _database) = identity().await;
    let opened = ask(&identity, api4com()).await.unwrap();
    let asked = company.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        [company::OpenVoiceAccountRequest {
            company_id: opened.company_id.clone(),
            name: "Api4Com - API de Voz".to_owned(),
            email: "suporte@api4com.com".to_owned(),
            phone: "4833328530".to_owned(),
            domain: "suporte.api4com.com".to_owned(),
        }]
    );
    let user = reload(&identity, opened.user_id.parse().unwrap()).await;
    assert_eq!((user.state, user.email_proven_at), (users::State::Active, None));
    let company_id = opened.company_id.parse().unwrap();
    let db = &identity.service.db;
    let membership = store::oldest_membership(db, user.user_id).await.unwrap();
    assert_eq!(membership, Some((company_id, true)));
    assert_eq!(grants::store::of_user(db, user.user_id).await.unwrap().len(), 1);
    let (user_id, _) = confirmation(&identity, "suporte@api4com.com").await;
    assert_eq!(user_id, opened.user_id);

    let job = queued::<FinishOpening>(&identity).await.pop().unwrap();
    job.run(identity.clone()).await.unwrap();
    assert_eq!(mails(&identity).await.len(), 1, "nothing happens twice");
    assert_eq!(company.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_wrong_field_of_an_account_is_named() {
    let (identity, _database) = crate::testing::identity().await;
    let refusal = ask(&identity, pb::OpenVoiceAccountRequest::default()).await.unwrap_err();
    let all = ["email", "password", "organization_name", "phone", "domain"];
    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert_eq!(wrong_fields(&refusal), all);
    let wrong = pb::OpenVoiceAccountRequest {
        email: format!("{}@{}.example", "a".repeat(60), "b".repeat(140)),
        password: "PwDLooL".to_owned(),
        organization_name: "x".repeat(101),
        phone: "1".repeat(21),
        domain: "Suporte.api4com.com".to_owned(),
        remote_address: String::new(),
    };
    assert_eq!(wrong_fields(&ask(&identity, wrong).await.unwrap_err()), all);
}

#[tokio::test]
async fn a_known_email_and_a_known_domain_are_both_named() {
    let (identity, _, _database) = identity().await;
    ask(&identity, api4com()).await.unwrap();
    let same_email = pb::OpenVoiceAccountRequest { domain: "x.example".to_owned(), ..api4com() };
    let same_domain = pb::OpenVoiceAccountRequest { email: "x@x.example".to_owned(), ..api4com() };
    for (request, reason, fields) in [
        (same_email, "EMAIL_ALREADY_REGISTERED", vec!["email"]),
        (same_domain, "DOMAIN_TAKEN", vec!["domain"]),
        (api4com(), "EMAIL_ALREADY_REGISTERED", vec!["email", "domain"]),
    ] {
        let refusal = ask(&identity, request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::AlreadyExists);
        assert_eq!(Refusal::of(&refusal).reason, reason);
        assert_eq!(wrong_fields(&refusal), fields);
    }
    assert_eq!(count(&identity, HELD).await, 4, "of the first one");
}

#[tokio::test]
async fn of_those_who_want_one_email_or_domain_at_once_one_gets_it() {
    let (identity, _, _database) = identity().await;
    let one_email = |number| pb::OpenVoiceAccountRequest {
        email: "one@x.example".to_owned(),
        ..another(number)
    };
    let one_domain = |number| pb::OpenVoiceAccountRequest {
        domain: "one.x.example".to_owned(),
        ..another(number)
    };
    let emails = (0..4).map(|number| ask(&identity, one_email(number)));
    let domains = (4..8).map(|number| ask(&identity, one_domain(number)));
    let (emails, domains) = tokio::join!(join_all(emails), join_all(domains));
    for outcomes in [emails, domains] {
        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 3, "{outcomes:?}");
        assert!(refused.iter().all(|refusal| refusal.code() == Code::AlreadyExists), "{refused:?}");
    }
    assert_eq!(count(&identity, HELD).await, 2 * 4, "and nothing stays of the others");
    assert_eq!(mails(&identity).await.len(), 2);
}

#[tokio::test]
async fn what_company_refuses_leaves_nothing() {
    let (identity, company, _database) = identity().await;
    let taken = refuse(Code::AlreadyExists, "company", "DOMAIN_TAKEN", [], "");
    *company.refusal.lock().unwrap() = Some(taken);
    let refusal = ask(&identity, api4com()).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["domain"]);
    assert_eq!(count(&identity, HELD).await, 0);
    assert!(mails(&identity).await.is_empty());
    let job = queued::<FinishOpening>(&identity).await.pop().unwrap();
    job.run(identity.clone()).await.unwrap();

    *company.refusal.lock().unwrap() = None;
    ask(&identity, api4com()).await.unwrap();
    assert_eq!(count(&identity, "select count(*) from voice_account").await, 2);
    let now = identity.now() + Duration::HOUR;
    store::delete_refused(&identity.service.db, now).await.unwrap();
    assert_eq!(count(&identity, "select count(*) from voice_account").await, 1);
}

#[tokio::test]
async fn what_was_broken_off_is_finished_later() {
    let (identity, company, _database) = identity().await;
    *company.refusal.lock().unwrap() = Some(Status::unavailable("away"));
    let refusal = ask(&identity, api4com()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unavailable);
    let company_id = company.asked.lock().unwrap()[0].company_id.parse().unwrap();
    let db = &identity.service.db;
    assert!(!store::is_open(db, company_id).await.unwrap());
    assert!(mails(&identity).await.is_empty());
    let email = "suporte@api4com.com".parse().unwrap();
    let (user_id, state, _) = users::store::login_of(db, &email).await.unwrap().unwrap();
    assert_eq!(state, users::State::Opening, "nobody logs in yet");
    let found = users::find_or_add(
        &identity,
        &mut *crate::testing::connection(&identity).await,
        &email,
        "Somebody",
    )
    .await;
    assert!(matches!(found, Err(Error::EmailReserved)), "nobody is given to it either");

    let job = || FinishOpening { company_id };
    job().run(identity.clone()).await.unwrap();
    assert!(!store::is_open(db, company_id).await.unwrap(), "company is still away");
    assert_eq!(queued::<FinishOpening>(&identity).await.len(), 1, "it is tried again");

    *company.refusal.lock().unwrap() = None;
    let both = join_all([job().run(identity.clone()), job().run(identity.clone())]).await;
    assert!(both.iter().all(Result::is_ok), "{both:?}");
    assert!(store::is_open(db, company_id).await.unwrap());
    assert_eq!(reload(&identity, user_id).await.state, users::State::Active);
    assert_eq!(mails(&identity).await.len(), 1);
    let asked = company.asked.lock().unwrap();
    assert!(asked.iter().all(|again| *again == asked[0]), "{asked:?}");
}

#[tokio::test]
async fn five_requests_a_day_come_from_an_address_whatever_becomes_of_them() {
    let (identity, _, _database) = identity().await;
    let from = |number, remote_address: &str| {
        let remote_address = remote_address.to_owned();
        ask(&identity, pb::OpenVoiceAccountRequest { remote_address, ..another(number) })
    };
    for number in 0..3 {
        from(number, "2001:db8:1:2::1").await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(from(0, "2001:db8:1:2::ffff").await.unwrap_err().code(), Code::AlreadyExists);
    }
    let refusal = from(5, "2001:db8:1:2::2").await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    let refusal = Refusal::of(&refusal);
    assert_eq!(refusal.reason, "TOO_MANY_ATTEMPTS");
    assert!(refusal.retry_after.unwrap().as_secs() <= 24 * 3600);
    from(6, "2001:db8:1:3::1").await.unwrap();
    identity.service.clock.advance(Duration::days(1)).unwrap();
    from(5, "2001:db8:1:2::2").await.unwrap();
}

#[tokio::test]
async fn a_confirmed_administrator_belongs_to_the_account() {
    let (identity, _, _database) = identity().await;
    let opened = ask(&identity, api4com()).await.unwrap();
    let (user_id, token) = confirmation(&identity, "suporte@api4com.com").await;
    let request = Request::new(pb::ConfirmEmailRequest { user_id, token });
    confirmations::confirm(&identity, request).await.unwrap();
    let user = reload(&identity, opened.user_id.parse().unwrap()).await;
    assert!(user.email_proven_at.is_some());
    let company_ids = [opened.company_id.parse().unwrap()];
    let memberships =
        store::memberships(&identity.service.db, user.user_id, &company_ids).await.unwrap();
    assert_eq!(memberships, [(CompanyId(company_ids[0]), true)]);
    let none = store::memberships(&identity.service.db, user.user_id, &[]).await.unwrap();
    assert!(none.is_empty(), "a token may be good for fewer companies");
}
