use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::*;
use crate::webhooks::testing::{Receiver, TIMEOUT, guard, secret, sender};

async fn send(sender: &Sender, url: &str) -> Answer {
    let secrets = &[secret()];
    sender.send(&Post { message_id: "m1", url, body: r#"{"a":"é"}"#, secrets }).await
}

fn status_and_error(answer: Answer) -> (Option<u16>, Option<String>) {
    (answer.status, answer.error)
}

#[tokio::test]
async fn a_message_can_be_verified_by_its_receiver() {
    let receiver = Receiver::start().await;
    let answer = send(&sender(), &receiver.url("ok")).await;
    assert_eq!(answer, Answer { status: Some(204), ..Answer::default() });

    let [got] = &receiver.got()[..] else { panic!("one request") };
    assert_eq!(got.body, r#"{"a":"é"}"#);
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("webhook-id"), "m1");
    let timestamp = got.header("webhook-timestamp");
    let age = OffsetDateTime::now_utc().unix_timestamp() - timestamp.parse::<i64>().unwrap();
    assert!((0..60).contains(&age));
    // As a receiver does it, from the text of the secret.
    let shown = secret().text();
    let key = STANDARD.decode(shown.trim_start_matches("whsec_")).unwrap();
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
    mac.update(format!("m1.{timestamp}.{}", got.body).as_bytes());
    let signature = got.header("webhook-signature").strip_prefix("v1,").unwrap();
    mac.verify_slice(&STANDARD.decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn only_2xx_is_taken_for_taken() {
    let receiver = Receiver::start().await;
    let sender = sender();
    let busy = send(&sender, &receiver.url("busy")).await;
    assert_eq!((busy.status, busy.retry_after), (Some(429), Some(Duration::from_secs(120))));
    assert!(busy.error.is_some() && !busy.is_gone());
    assert!(send(&sender, &receiver.url("gone")).await.is_gone());
    let failed = send(&sender, &receiver.url("broken")).await;
    let expected = (Some(500), Some("the answer is not 2xx".to_owned()));
    assert_eq!(status_and_error(failed), expected);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = Receiver::start().await;
    let answer = send(&sender(), &receiver.url("redirect")).await;
    let error = "the answer is a redirect, which is not followed".to_owned();
    assert_eq!(status_and_error(answer), (Some(307), Some(error)));
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let receiver = Receiver::start().await;
    let answer = send(&sender(), &receiver.url("huge")).await;
    assert_eq!(status_and_error(answer), (Some(200), None));
}

#[tokio::test]
async fn whoever_hangs_is_not_waited_for_long() {
    let receiver = Receiver::start().await;
    let began = std::time::Instant::now();
    let answer = send(&sender(), &receiver.url("hang")).await;
    let error = format!("no answer within {} ms", TIMEOUT.as_millis());
    assert_eq!(status_and_error(answer), (None, Some(error)));
    assert!(began.elapsed() < TIMEOUT * 10);
}

#[tokio::test]
async fn what_is_not_public_is_not_connected_to_by_address_or_by_name() {
    let receiver = Receiver::start().await;
    let port = receiver.url("").split(':').nth(2).unwrap().trim_end_matches('/').to_owned();
    // Everything on this machine is let in, and nothing of it may be reached.
    let strict = Sender::new(Guard::default(), TIMEOUT).unwrap();
    let public = Sender::new(guard(), TIMEOUT).unwrap();
    for url in [
        receiver.url("ok"),
        format!("http://127.0.0.1:{port}/ok"),
        format!("http://0x7f.1:{port}/ok"),
        format!("http://[::1]:{port}/ok"),
        format!("http://[::ffff:127.0.0.77]:{port}/ok"),
        format!("http://localhost:{port}/ok"),
    ] {
        let answer = send(&strict, &url).await;
        let error = "the URL does not lead to a public address".to_owned();
        assert_eq!(status_and_error(answer), (None, Some(error)), "{url}");
    }
    assert_eq!(receiver.got().len(), 0);
    assert!(send(&public, &receiver.url("ok")).await.error.is_none());
}

/// The resolver sits in the connection itself: a name that passed at first glance, and leads
/// elsewhere by now, is stopped there.
#[tokio::test]
async fn a_name_is_judged_when_it_is_connected_to() {
    let receiver = Receiver::start().await;
    let port = receiver.url("").split(':').nth(2).unwrap().trim_end_matches('/').to_owned();
    let sender = Sender::new(Guard::default(), TIMEOUT).unwrap();
    let refused = sender.client.get(format!("http://localhost:{port}/ok")).send().await;
    assert!(is_forbidden(&refused.unwrap_err()));
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn nobody_there_is_said_plainly() {
    let nobody = Receiver::start().await.url("ok").replace("127.0.0.77", "127.0.0.78");
    let guard = Guard::new(&["127.0.0.78".to_owned(), "nobody.invalid".to_owned()]).unwrap();
    let sender = Sender::new(guard, TIMEOUT).unwrap();
    for url in [nobody, "http://nobody.invalid/".to_owned()] {
        let error = send(&sender, &url).await.error.unwrap();
        assert!(error == "cannot connect" || error.starts_with("no answer"), "{url} {error}");
    }
    let unsupported = send(&sender, "ftp://127.0.0.78/").await;
    assert_eq!(unsupported.error.as_deref(), Some("the URL is neither https nor http"));
}
