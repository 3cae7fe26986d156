use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing::request;
use proto::common::v1::Permission;
use proto::identity::v1::client_app_service_server::ClientAppService;
use proto::identity::v1::token_service_server::TokenService;
use tonic::Request;

use super::*;
use crate::identity::Identity;
use crate::testing::{connection, identity};
use crate::tokens::Tokens;

fn by_operator<T>(message: T) -> Request<T> {
    let grants = vec![Grant { role: Role::Operator, company_id: None }];
    request(message, grants, Permission::SchoolsManage)
}

async fn put(identity: &Identity, inactive: bool) -> Option<String> {
    let app = pb::ClientAppInput {
        client_id: "agenda.digital".to_owned(),
        name: "Agenda".to_owned(),
        product: "agenda".to_owned(),
        inactive,
    };
    let rpc = ClientApps { identity: identity.clone() };
    let request = by_operator(pb::PutClientAppRequest { client_app: Some(app) });
    rpc.put_client_app(request).await.unwrap().into_inner().client_secret
}

async fn token(
    identity: &Identity,
    client_id: &str,
    secret: &str,
) -> Result<String, tonic::Status> {
    let rpc = Tokens { identity: identity.clone() };
    let request = Request::new(pb::IssueClientTokenRequest {
        client_id: client_id.to_owned(),
        client_secret: secret.to_owned(),
    });
    rpc.issue_client_token(request).await.map(|issued| issued.into_inner().access_token)
}

#[tokio::test]
async fn a_program_of_the_lines_dialect_is_known_by_its_secret() {
    let (identity, _database) = identity().await;
    let (tx, now, secret) = (&mut *connection(&identity).await, identity.now(), Secret::new());
    let app = ClientApp::new("c1".to_owned(), Kind::Lines, "P".to_owned(), "lines".to_owned());
    store::insert(tx, &app, "user:x", now).await.unwrap();
    store::insert_secret(tx, "c1", &secret, now).await.unwrap();
    let known = store::authenticate(&mut *tx, "c1", secret.as_text()).await.unwrap();
    assert_eq!(known, Some((Kind::Lines, 0)));
    for (client_id, secret) in
        [("c1", "wrong"), ("c2", secret.as_text()), ("c1\0", secret.as_text()), ("c1", "\0")]
    {
        assert_eq!(store::authenticate(&mut *tx, client_id, secret).await.unwrap(), None);
    }
    let put = store::put(tx, &ClientApp { kind: Kind::Schools, ..app }, "user:x", now).await;
    assert_eq!(put.unwrap(), store::Put::Taken);
}

#[tokio::test]
async fn a_token_of_a_schools_program_carries_that_role_and_no_other() {
    let (identity, _database) = identity().await;
    let secret = put(&identity, false).await.unwrap();
    assert_eq!(put(&identity, false).await, None, "a secret is shown once");
    let token = token(&identity, "agenda.digital", &secret).await.unwrap();
    let claims = identity.service.trust.check(&token).unwrap();
    assert_eq!(claims.sub, "agenda.digital");
    assert_eq!(claims.grants, [Grant { role: Role::SchoolPartner, company_id: None }]);
    assert_eq!(claims.exp - claims.iat, 3600);
}

#[tokio::test]
async fn a_program_goes_over_from_one_secret_to_another() {
    let (identity, _database) = identity().await;
    let first = put(&identity, false).await.unwrap();
    let rpc = ClientApps { identity: identity.clone() };
    let client_id = || "agenda.digital".to_owned();
    let create = async || {
        let request = by_operator(pb::CreateClientSecretRequest { client_id: client_id() });
        rpc.create_client_secret(request).await
    };
    let second = create().await.unwrap().into_inner();
    for secret in [&first, &second.client_secret] {
        assert!(token(&identity, &client_id(), secret).await.is_ok());
    }
    let refused = create().await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "TOO_MANY_CLIENT_SECRETS");

    let listed = rpc
        .list_client_secrets(by_operator(pb::ListClientSecretsRequest { client_id: client_id() }))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.secrets[1].secret_id, second.secret_id);
    let secret_id = listed.secrets[0].secret_id.clone();
    let delete = pb::DeleteClientSecretRequest { client_id: client_id(), secret_id };
    rpc.delete_client_secret(by_operator(delete.clone())).await.unwrap();
    let again = rpc.delete_client_secret(by_operator(delete)).await.unwrap_err();
    assert_eq!(Refusal::of(&again).reason, "CLIENT_SECRET_NOT_FOUND");
    let old = token(&identity, &client_id(), &first).await.unwrap_err();
    let none = token(&identity, "nobody", &first).await.unwrap_err();
    assert_eq!(Refusal::of(&old), Refusal::of(&none));
    assert_eq!(Refusal::of(&old).reason, "INVALID_CLIENT");
    assert!(token(&identity, &client_id(), &second.client_secret).await.is_ok());
}

#[tokio::test]
async fn a_program_that_is_shut_out_has_no_tokens() {
    let (identity, _database) = identity().await;
    let secret = put(&identity, false).await.unwrap();
    let old = token(&identity, "agenda.digital", &secret).await.unwrap();
    put(&identity, true).await;
    assert!(identity.service.trust.check(&old).is_err());
    assert!(token(&identity, "agenda.digital", &secret).await.is_err());
    put(&identity, false).await;
    assert!(identity.service.trust.check(&old).is_err());
    let new = token(&identity, "agenda.digital", &secret).await.unwrap();
    assert!(identity.service.trust.check(&new).is_ok());
}

#[test]
fn a_client_id_needs_no_escaping() {
    for good in ["abc", "agenda.digital-2_x", &"x".repeat(50)] {
        assert!(is_client_id(good), "{good}");
    }
    for bad in ["", "ab", "a b", "a:b", "ação", "user/x", &"x".repeat(51)] {
        assert!(!is_client_id(bad), "{bad}");
    }
}
