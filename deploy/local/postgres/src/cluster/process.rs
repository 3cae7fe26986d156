//! The process that serves a data directory: whether it runs, what it said, and its end.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    process::{Child, Command},
    time::Instant,
};

use super::{POLL_INTERVAL, STOP_TIMEOUT};
use crate::{Context, Error};

const LOG_TAIL_LINES: usize = 8;

/// The server writes its state into its pid file, which is how `pg_ctl` knows, too.
pub(super) fn is_ready(data: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next().and_then(|line| line.parse().ok()) == Some(pid) && lines.nth(6) == Some("ready")
}

/// After a crash there is a pid file. Either the watchdog is still stopping that server, or the
/// file is stale and would keep a new server from starting if its pid belongs to somebody else now.
pub(super) async fn leftover_is_gone(data: &Path) -> Result<(), Error> {
    let deadline = Instant::now() + STOP_TIMEOUT;
    while let Some(pid) = running_server(data) {
        if Instant::now() > deadline {
            return Err(Error::StillRunning { pid, data: data.to_owned() });
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let pid_file = data.join("postmaster.pid");
    match fs::remove_file(&pid_file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.context(|| format!("cannot remove {}", pid_file.display())),
    }
}

/// The process that runs on this data directory.
fn running_server(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    is_server(pid, data).then_some(pid)
}

/// Removes clusters below `parent` whose server died without its watchdog.
pub(crate) fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let Ok(home) = entry.path().join("server").canonicalize() else { continue };
        if running_server(&home.join("data")).is_none() {
            let _ = fs::remove_dir_all(home);
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether this process is a Postgres on this data directory.
fn is_server(pid: u32, data: &Path) -> bool {
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        let pid = pid.to_string();
        Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid]).output().map(|o| o.stdout)
    });
    let command_line = command_line.unwrap_or_default();
    String::from_utf8_lossy(&command_line).contains(&*data.to_string_lossy())
}

/// The end of what the server said since `start`.
pub(super) fn tail(log_file: &Path, start: u64) -> String {
    let log = fs::read(log_file).unwrap_or_default();
    let start = usize::try_from(start).unwrap_or_default().min(log.len());
    let said = String::from_utf8_lossy(&log[start..]).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

pub(super) fn kill(server: &mut Child) {
    let _ = server.kill();
    let _ = server.wait();
}
