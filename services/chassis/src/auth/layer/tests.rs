use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proto::events::v1::DeliverEventRequest;
use proto::events::v1::event_sink_service_client::EventSinkServiceClient;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request};

use super::super::testing::{key_pair, trusting};
use super::super::{Claims, Grant, Role, SubjectKind};
use crate::clock::Clock;
use crate::host::{Activity, Host};
use crate::server::Server;
use crate::sweeps::Sweep;
use crate::testing;

static NONE: Migrator = Migrator::DEFAULT;

/// What a running service says to a token with these words about its audience and issuer.
#[tokio::test]
async fn a_service_refuses_tokens_that_are_meant_for_others() {
    let (mut service, _database) = testing::service("company", &NONE, vec![]).await;
    let clock = Clock::system();
    service.trust = trusting(&clock).0;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let host = Host {
        listener,
        admin: None,
        clock: clock.clone(),
        shutdown: shutdown.clone(),
        activity: Activity::default(),
    };
    let idle = Sweep::new("idle", Duration::from_secs(60), || async { Ok(false) });
    let server = tokio::spawn(Server::new(&service).trusts_by(idle).serve(host));
    let sink = EventSinkServiceClient::connect(address).await.unwrap();

    let call = async |audience: &str, issuer: &str| {
        let now = clock.now().unix_timestamp();
        let grants = vec![Grant { role: Role::Service, company_id: None }];
        let sub = "telecom".to_owned();
        let claims = Claims::new(sub, SubjectKind::Service, grants, 0, now, now + 60);
        let mut claims = serde_json::to_value(claims).unwrap();
        (claims["aud"], claims["iss"]) = (audience.into(), issuer.into());
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        let key = EncodingKey::from_ed_der(&key_pair().0);
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let mut request = Request::new(DeliverEventRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        sink.clone().deliver_event(request).await.unwrap_err().code()
    };
    assert_eq!(call("elsewhere", "linha-identity").await, Code::Unauthenticated);
    assert_eq!(call("linha", "somebody").await, Code::Unauthenticated);
    assert_eq!(call("linha", "linha-identity").await, Code::InvalidArgument, "no event is in it");

    shutdown.cancel();
    server.await.unwrap().unwrap();
}
