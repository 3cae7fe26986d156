//! Against a peer that speaks the documented protocol over TCP, by a script.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::switch::Happening;

const PASSWORD: &str = "ClueCon";

/// The switch's end of a connection.
struct Peer(BufReader<TcpStream>);

impl Peer {
    /// Takes a client in, and lets it have the events.
    async fn welcome(listener: &TcpListener) -> Self {
        let mut peer = Self::greet(listener).await;
        assert_eq!(peer.heard().await, [format!("auth {PASSWORD}")]);
        peer.say("Content-Type: command/reply\nReply-Text: +OK accepted\n\n").await;
        let subscribed = peer.heard().await;
        assert!(subscribed[0].starts_with("event plain "), "{subscribed:?}");
        for event in ["CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE"] {
            assert!(subscribed[0].contains(event), "{event}");
        }
        peer.say("Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n")
            .await;
        peer
    }

    async fn greet(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = Self(BufReader::new(stream));
        peer.say("Content-Type: auth/request\n\n").await;
        peer
    }

    /// The lines of the next command.
    async fn heard(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).await.unwrap(), 0, "the client is gone");
            match line.trim_end() {
                "" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }

    async fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, body: &str) {
        let length = body.len();
        self.say(&format!("Content-Type: api/response\nContent-Length: {length}\n\n{body}")).await;
    }

    async fn tell(&mut self, event: &str) {
        let length = event.len();
        self.say(&format!("Content-Length: {length}\nContent-Type: text/event-plain\n\n{event}"))
            .await;
    }
}

async fn switch() -> (TcpListener, FreeSwitch) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = FreeSwitchConfig {
        freeswitch_address: Some(listener.local_addr().unwrap()),
        freeswitch_password: Some(PASSWORD.parse().unwrap()),
        freeswitch_gateway: Some("carrier".to_owned()),
        freeswitch_recordings: Some("/var/recordings".into()),
    };
    let switch = FreeSwitch::connect(&config, Clock::system()).unwrap();
    (listener, switch)
}

fn order() -> CallOrder {
    CallOrder {
        call_id: CallId::generate(),
        direction: Direction::Outbound,
        endpoint: Endpoint { domain: "acme.example.com".to_owned(), number: "1001".to_owned() },
        phone: "+554833328530".parse().unwrap(),
        caller_id: Some("41987654321".to_owned()),
        record: true,
    }
}

async fn events(switch: &FreeSwitch, count: usize) -> Vec<SwitchEvent> {
    let all = async {
        loop {
            let events = switch.events().await;
            if events.len() >= count {
                return events;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.unwrap()
}

fn channel_event(name: &str, call_id: CallId, leg: &str, more: &str) -> String {
    let at = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
    format!(
        "Event-Name: {name}\nEvent-Date-Timestamp: {at}\nvariable_linha_call_id: {call_id}\n\
         variable_linha_leg: {leg}\nCaller-Caller-ID-Name: A%20B\n{more}\n"
    )
}

#[tokio::test]
async fn a_call_is_ordered_and_its_events_are_understood() {
    let (listener, switch) = switch().await;
    let mut peer = Peer::welcome(&listener).await;
    let order = order();
    let call_id = order.call_id;
    let peer_side = async {
        let heard = peer.heard().await;
        assert_eq!(
            heard[0],
            format!(
                "bgapi originate {{origination_uuid={call_id},linha_call_id={call_id},\
                 linha_leg=extension,originate_timeout=30,hangup_after_bridge=true}}\
                 user/1001@acme.example.com &bridge({{linha_call_id={call_id},linha_leg=phone,\
                 originate_timeout=60,origination_caller_id_number=41987654321,\
                 execute_on_answer=record_session::/var/recordings/{call_id}.mp3}}\
                 sofia/gateway/carrier/+554833328530)"
            )
        );
        assert_eq!(heard[1], format!("Job-UUID: {call_id}"));
        // An event may come between a command and its answer.
        peer.tell(&channel_event("CHANNEL_CREATE", call_id, "extension", "")).await;
        peer.say(&format!(
            "Content-Type: command/reply\nReply-Text: +OK Job-UUID: {call_id}\nJob-UUID: \
             {call_id}\n\n"
        ))
        .await;
        peer.tell(&channel_event("CHANNEL_ANSWER", call_id, "extension", "")).await;
        peer.tell(&channel_event("CHANNEL_CREATE", call_id, "phone", "")).await;
        peer.tell(&channel_event("CHANNEL_ANSWER", call_id, "phone", "")).await;
        peer.tell("Event-Name: CHANNEL_CREATE\nUnique-ID: of-somebody-else\n\n").await;
        let end = "Hangup-Cause: NORMAL_CLEARING\nCaller-Channel-Answered-Time: 1735689600000000\n";
        peer.tell(&channel_event("CHANNEL_HANGUP_COMPLETE", call_id, "phone", end)).await;
    };
    let (ordered, ()) = tokio::join!(switch.originate(&order), peer_side);
    assert_eq!(ordered, Ok(()));

    let events = events(&switch, 3).await;
    let answered_at = OffsetDateTime::from_unix_timestamp(1_735_689_600).unwrap();
    let end =
        Happening::Ended { cause: HangupCause::NormalClearing, answered_at: Some(answered_at) };
    let happenings: Vec<Happening> = events.iter().map(|event| event.happening).collect();
    assert_eq!(happenings, [Happening::Ringing, Happening::Answered, end]);
    assert!(events.iter().all(|event| event.call_id == call_id));
    let ids: Vec<u64> = events.iter().map(|event| event.event_id).collect();
    switch.taken_in(&ids[..1]).await;
    assert_eq!(switch.events().await, events[1..]);
}

#[tokio::test]
async fn a_call_that_cannot_begin_says_why() {
    let (listener, switch) = switch().await;
    let mut peer = Peer::welcome(&listener).await;
    let call_id = CallId::generate();
    for (error, cause) in [
        ("USER_BUSY", HangupCause::UserBusy),
        ("USER_NOT_REGISTERED", HangupCause::NoUserResponse),
        ("GATEWAY_DOWN", HangupCause::NormalTemporaryFailure),
    ] {
        let body = format!("-ERR {error}\n");
        let length = body.len();
        peer.tell(&format!(
            "Event-Name: BACKGROUND_JOB\nJob-UUID: {call_id}\nContent-Length: {length}\n\n{body}"
        ))
        .await;
        let events = events(&switch, 1).await;
        assert_eq!(events[0].happening, Happening::NotBegun { cause });
        switch.taken_in(&[events[0].event_id]).await;
    }
}

#[tokio::test]
async fn questions_are_answered_in_order() {
    let (listener, switch) = switch().await;
    let mut peer = Peer::welcome(&listener).await;
    let call_id = CallId::generate();
    let endpoint = order().endpoint;
    let script = async {
        for (question, answer) in [
            (
                format!("api uuid_dump {call_id}"),
                "Unique-ID: x\nCaller-Channel-Bridged-Time: 0\n\n",
            ),
            (
                format!("api uuid_dump {call_id}"),
                "Unique-ID: x\nCaller-Channel-Bridged-Time: 1735689600000000\n\n",
            ),
            (format!("api uuid_dump {call_id}"), "-ERR No such channel!\n"),
            (format!("api uuid_kill {call_id} ALLOTTED_TIMEOUT"), "-ERR No such channel!\n"),
            ("api sofia_contact 1001@acme.example.com".to_owned(), "sofia/internal/sip:1001@1.2"),
            ("api sofia_contact 1001@acme.example.com".to_owned(), "error/user_not_registered"),
        ] {
            assert_eq!(peer.heard().await, [question]);
            peer.answer(answer).await;
        }
    };
    let asking = async {
        assert_eq!(switch.status(call_id).await, Ok(CallStatus::Live { answered_at: None }));
        let answered_at = OffsetDateTime::from_unix_timestamp(1_735_689_600).ok();
        assert_eq!(switch.status(call_id).await, Ok(CallStatus::Live { answered_at }));
        assert_eq!(switch.status(call_id).await, Ok(CallStatus::Unknown));
        assert_eq!(switch.hang_up(call_id, HangupCause::AllottedTimeout).await, Ok(()));
        assert_eq!(switch.is_registered(&endpoint).await, Ok(true));
        assert_eq!(switch.is_registered(&endpoint).await, Ok(false));
    };
    tokio::join!(script, asking);
}

#[tokio::test]
async fn a_broken_connection_is_opened_again() {
    let (listener, switch) = switch().await;
    let mut peer = Peer::welcome(&listener).await;
    let call_id = CallId::generate();
    let lost = async {
        peer.heard().await;
        // Gone without an answer.
        drop(peer);
    };
    let (status, ()) = tokio::join!(switch.status(call_id), lost);
    assert_eq!(status, Err(SwitchError::Unavailable));

    let mut refusing = Peer::greet(&listener).await;
    refusing.heard().await;
    refusing.say("Content-Type: command/reply\nReply-Text: -ERR invalid\n\n").await;

    let mut peer = Peer::welcome(&listener).await;
    peer.say("Content-Type: text/disconnect-notice\nContent-Length: 4\n\nbye\n").await;
    let mut peer = Peer::welcome(&listener).await;
    let answering = async {
        peer.heard().await;
        peer.answer("Unique-ID: x\n\n").await;
    };
    let (status, ()) = tokio::join!(switch.status(call_id), answering);
    assert_eq!(status, Ok(CallStatus::Live { answered_at: None }));
}

#[tokio::test]
async fn nothing_gets_into_a_command_that_does_not_belong_there() {
    let (_listener, switch) = switch().await;
    for number in ["1001 evil", "1001,x=y", "1001}user/1002", "1001\n\nbgapi shutdown", ""] {
        let endpoint = Endpoint { number: number.to_owned(), ..order().endpoint };
        assert_eq!(switch.is_registered(&endpoint).await, Ok(false));
        let refused = switch.originate(&CallOrder { endpoint, ..order() }).await;
        assert_eq!(refused, Err(SwitchError::Refused(HangupCause::InvalidNumberFormat)));
    }
}

#[tokio::test]
async fn all_settings_are_needed() {
    let config = FreeSwitchConfig::default();
    let error = FreeSwitch::connect(&config, Clock::system()).err().unwrap();
    assert!(error.to_string().contains("LINHA_FREESWITCH_ADDRESS"), "{error}");
}
