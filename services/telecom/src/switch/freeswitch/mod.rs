//! FreeSWITCH by its event socket. The extension's leg bears the call's id, so that an order that
//! is repeated makes no second call; both legs bear variables that say which call they are of.

mod connection;
mod frames;
mod inbox;

use std::fs::Metadata;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::clock::Clock;
use chassis::config::Secret;
use clap::Args;
use tokio::sync::{mpsc, oneshot};

use super::{
    CallId, CallOrder, CallStatus, Direction, Endpoint, HangupCause, Switch, SwitchError,
    SwitchEvent,
};
use connection::{COMMANDS_MAX, Command, Connection};
use frames::read_event;
use inbox::{ANSWERED_BY_PHONE, CALL, EXTENSION_LEG, Inbox, LEG, PHONE_LEG, moment};

const EVENTS_MAX: usize = 100;
const RECORDING_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
const RECORDING_RESTS: Duration = Duration::from_secs(2);
const EXTENSION_RINGS_SECONDS: u32 = 30;
const PHONE_RINGS_SECONDS: u32 = 60;

/// How FreeSWITCH is reached.
#[derive(Clone, Debug, Default, Args)]
pub struct FreeSwitchConfig {
    /// Address of its event socket: 127.0.0.1:8021.
    #[arg(long, env = "LINHA_FREESWITCH_ADDRESS", value_name = "LINHA_FREESWITCH_ADDRESS")]
    pub freeswitch_address: Option<SocketAddr>,

    /// Password of its event socket.
    #[arg(
        long,
        env = "LINHA_FREESWITCH_PASSWORD",
        value_name = "LINHA_FREESWITCH_PASSWORD",
        hide_env_values = true
    )]
    pub freeswitch_password: Option<Secret>,

    /// Its gateway to the telephone network.
    #[arg(long, env = "LINHA_FREESWITCH_GATEWAY", value_name = "LINHA_FREESWITCH_GATEWAY")]
    pub freeswitch_gateway: Option<String>,

    /// Directory, seen by both under one name, in which it leaves recordings; none are made
    /// without it.
    #[arg(long, env = "LINHA_FREESWITCH_RECORDINGS", value_name = "LINHA_FREESWITCH_RECORDINGS")]
    pub freeswitch_recordings: Option<PathBuf>,
}

/// FreeSWITCH. The connection lasts as long as this does.
pub struct FreeSwitch {
    gateway: String,
    recordings: Option<PathBuf>,
    inbox: Arc<Inbox>,
    commands: mpsc::Sender<Command>,
}

impl FreeSwitch {
    /// Connects in the background, and again whenever the connection breaks.
    ///
    /// # Errors
    /// When a setting is missing, or makes no sense.
    pub fn connect(config: &FreeSwitchConfig, clock: Clock) -> anyhow::Result<Self> {
        let address = config.freeswitch_address.context("LINHA_FREESWITCH_ADDRESS is not set")?;
        let password =
            config.freeswitch_password.clone().context("LINHA_FREESWITCH_PASSWORD is not set")?;
        let gateway =
            config.freeswitch_gateway.clone().context("LINHA_FREESWITCH_GATEWAY is not set")?;
        ensure!(is_plain(&gateway), "LINHA_FREESWITCH_GATEWAY is not the name of a gateway");
        let recordings = config.freeswitch_recordings.clone();
        let path = recordings.as_ref().map(|path| path.to_str().unwrap_or(" "));
        ensure!(
            path.is_none_or(|path| is_plain(&path.replace('/', ""))),
            "LINHA_FREESWITCH_RECORDINGS has characters that commands cannot have"
        );
        ensure!(
            !password.expose().contains(['\r', '\n']),
            "LINHA_FREESWITCH_PASSWORD is not of one line"
        );
        let inbox = Arc::<Inbox>::default();
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let connection = Connection { address, password, clock, inbox: inbox.clone() };
        tokio::spawn(connection.keep(queue));
        Ok(Self { gateway, recordings, inbox, commands })
    }

    /// The switch's answer to a command.
    async fn ask(&self, text: String) -> Result<String, SwitchError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(Command { text, reply }).map_err(|_| SwitchError::Unavailable)?;
        answer.await.map_err(|_| SwitchError::Unavailable)
    }

    /// The command that rings the extension, and the other party when it lifts.
    fn originate_command(&self, order: &CallOrder) -> Result<String, SwitchError> {
        let CallOrder { call_id, endpoint, phone, .. } = order;
        let Endpoint { domain, number } = endpoint;
        let caller_id = order.caller_id.as_deref().unwrap_or_default();
        if ![domain.as_str(), number, &format!("0{caller_id}")].into_iter().all(is_plain) {
            return Err(SwitchError::Refused(HangupCause::InvalidNumberFormat));
        }
        let mut phone_variables =
            format!("{CALL}={call_id},{LEG}={PHONE_LEG},originate_timeout={PHONE_RINGS_SECONDS}");
        if !caller_id.is_empty() {
            phone_variables.push_str(&format!(",origination_caller_id_number={caller_id}"));
        }
        if let Some(directory) = self.recordings.as_ref().filter(|_| order.record) {
            let file = directory.join(format!("{call_id}.mp3"));
            let record = format!(",execute_on_answer=record_session::{}", file.display());
            phone_variables.push_str(&record);
        }
        let gateway = &self.gateway;
        Ok(format!(
            "bgapi originate {{origination_uuid={call_id},{CALL}={call_id},{LEG}={EXTENSION_LEG},\
             originate_timeout={EXTENSION_RINGS_SECONDS},hangup_after_bridge=true}}\
             user/{number}@{domain} \
             &bridge({{{phone_variables}}}sofia/gateway/{gateway}/{phone})\nJob-UUID: {call_id}"
        ))
    }
}

#[tonic::async_trait]
impl Switch for FreeSwitch {
    async fn is_registered(&self, endpoint: &Endpoint) -> Result<bool, SwitchError> {
        let Endpoint { domain, number } = endpoint;
        if !is_plain(domain) || !is_plain(number) {
            return Ok(false);
        }
        let contact = self.ask(format!("api sofia_contact {number}@{domain}")).await?;
        let contact = contact.trim();
        Ok(!contact.is_empty() && !contact.starts_with("error/") && !contact.starts_with("-ERR"))
    }

    async fn originate(&self, order: &CallOrder) -> Result<(), SwitchError> {
        if order.direction == Direction::Inbound {
            return Err(SwitchError::Refused(HangupCause::CallRejected));
        }
        let answer = self.ask(self.originate_command(order)?).await?;
        if answer.starts_with("+OK") {
            return Ok(());
        }
        Err(SwitchError::Refused(HangupCause::NormalTemporaryFailure))
    }

    async fn hang_up(&self, call_id: CallId, cause: HangupCause) -> Result<(), SwitchError> {
        // It answers -ERR for a call that it does not have.
        self.ask(format!("api uuid_kill {call_id} {}", cause.as_str())).await.map(drop)
    }

    async fn status(&self, call_id: CallId) -> Result<CallStatus, SwitchError> {
        let dump = self.ask(format!("api uuid_dump {call_id}")).await?;
        if dump.starts_with("-ERR") {
            return Ok(CallStatus::Unknown);
        }
        let channel = read_event(&dump).map_err(|_| SwitchError::Unavailable)?;
        if !channel.headers.contains_key("Unique-ID") {
            return Err(SwitchError::Unavailable);
        }
        Ok(CallStatus::Live { answered_at: moment(&channel.headers, ANSWERED_BY_PHONE) })
    }

    async fn events(&self) -> Vec<SwitchEvent> {
        self.inbox.first(EVENTS_MAX)
    }

    async fn taken_in(&self, event_ids: &[u64]) {
        self.inbox.remove(event_ids);
    }

    async fn recording(&self, call_id: CallId) -> Result<Option<Vec<u8>>, SwitchError> {
        let none = SwitchError::Refused(HangupCause::NormalClearing);
        let Some(directory) = &self.recordings else { return Err(none) };
        let file = directory.join(format!("{call_id}.mp3"));
        match tokio::fs::metadata(&file).await {
            Ok(found) if found.len() == 0 => Ok(None),
            Ok(found) if found.len() > RECORDING_BYTES_MAX => Err(none),
            // Its last seconds may be on their way.
            Ok(found) if is_fresh(&found) => Ok(None),
            Ok(_) => match tokio::fs::read(&file).await {
                Ok(content) => Ok(Some(content)),
                Err(_) => Err(SwitchError::Unavailable),
            },
            Err(_) => Ok(None),
        }
    }
}

/// Whether a file was written to a moment ago.
fn is_fresh(file: &Metadata) -> bool {
    let age = file.modified().map(|written| written.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age < RECORDING_RESTS)
}

/// Whether a text can stand in a command as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests;
