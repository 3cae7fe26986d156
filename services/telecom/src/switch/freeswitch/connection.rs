//! The connection to the event socket: opened again whenever it breaks, with growing pauses.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::config::Secret;
use chassis::jobs::retry_pause;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::frames::{Frame, read_event, read_frame};
use super::inbox::Inbox;

/// Commands that wait to be sent, and those that wait to be answered.
pub(super) const COMMANDS_MAX: usize = 256;
const FRAMES_MAX: usize = 256;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);
// It says so every 20 seconds when nothing else happens; see HEARTBEAT.
const SILENCE_MAX: Duration = Duration::from_secs(65);
const EVENTS: &str =
    "event plain CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB HEARTBEAT";

/// A command, and who waits for its answer. The answer is dropped when there is none.
pub(super) struct Command {
    pub(super) text: String,
    pub(super) reply: oneshot::Sender<String>,
}

/// What keeps the connection.
pub(super) struct Connection {
    pub(super) address: SocketAddr,
    pub(super) password: Secret,
    pub(super) clock: Clock,
    pub(super) inbox: Arc<Inbox>,
}

impl Connection {
    /// Keeps the connection until nobody has commands for it any more.
    pub(super) async fn keep(self, mut commands: mpsc::Receiver<Command>) {
        let mut failures = 0;
        while !commands.is_closed() {
            match self.open().await {
                Ok((reader, writer)) => {
                    failures = 0;
                    tracing::info!("connected to the telephone switch");
                    if let Err(error) = self.talk(reader, writer, &mut commands).await {
                        tracing::warn!(error = error.to_string(), "the telephone switch is gone");
                    }
                }
                Err(error) => {
                    tracing::warn!(error = error.to_string(), "cannot reach the telephone switch");
                }
            }
            let pause = tokio::time::sleep(retry_pause(failures, PAUSE_MIN, PAUSE_MAX));
            failures += 1;
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    // Nobody waits for a switch that is not there.
                    command = commands.recv() => if command.is_none() { return },
                }
            }
        }
    }

    /// Connects, shows the password, and asks for the events.
    async fn open(
        &self,
    ) -> io::Result<(BufReader<tokio::net::tcp::OwnedReadHalf>, OwnedWriteHalf)> {
        let opening = async {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let (reader, mut writer) = stream.into_split();
            let mut reader = BufReader::new(reader);
            let hello = read_frame(&mut reader).await?;
            if hello.content_type() != "auth/request" {
                return Err(refused("does not ask for the password"));
            }
            for command in [format!("auth {}", self.password.expose()), EVENTS.to_owned()] {
                writer.write_all(format!("{command}\n\n").as_bytes()).await?;
                let answer = read_frame(&mut reader).await?.reply();
                if !answer.starts_with("+OK") {
                    return Err(refused("does not let us in"));
                }
            }
            Ok((reader, writer))
        };
        tokio::time::timeout(CONNECT_TIMEOUT, opening)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn talk(
        &self,
        mut reader: BufReader<tokio::net::tcp::OwnedReadHalf>,
        mut writer: OwnedWriteHalf,
        commands: &mut mpsc::Receiver<Command>,
    ) -> io::Result<()> {
        let (incoming, mut frames) = mpsc::channel(FRAMES_MAX);
        // Ends with this function, since the set is dropped.
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            loop {
                let frame = tokio::time::timeout(SILENCE_MAX, read_frame(&mut reader))
                    .await
                    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let broken = frame.is_err();
                if incoming.send(frame).await.is_err() || broken {
                    return;
                }
            }
        });
        let mut waiting: VecDeque<oneshot::Sender<String>> = VecDeque::new();
        loop {
            tokio::select! {
                frame = frames.recv() => match frame {
                    Some(frame) => self.take_in(frame?, &mut waiting).await?,
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                command = commands.recv(), if waiting.len() < COMMANDS_MAX => {
                    let Some(Command { text, reply }) = command else { return Ok(()) };
                    waiting.push_back(reply);
                    writer.write_all(format!("{text}\n\n").as_bytes()).await?;
                }
            }
        }
    }

    async fn take_in(
        &self,
        frame: Frame,
        waiting: &mut VecDeque<oneshot::Sender<String>>,
    ) -> io::Result<()> {
        match frame.content_type() {
            "command/reply" | "api/response" => {
                let reply = waiting.pop_front().ok_or_else(|| refused("answers nobody"))?;
                // Whoever asked may have lost patience.
                let _ = reply.send(frame.reply());
            }
            "text/event-plain" => {
                let event = read_event(&frame.body)?;
                self.inbox.put(&event, self.clock.now()).await;
            }
            "text/disconnect-notice" | "text/rude-rejection" => {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            other => tracing::debug!(content_type = other, "a message of no interest"),
        }
        Ok(())
    }
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
