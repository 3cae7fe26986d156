//! Ends the server when its owner ends, even by SIGKILL.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::{Context, Error};

/// Waits for the end of its input, then stops the server: politely, firmly, at last by force.
/// Removes the directories it is given, if any, when the server is gone. A line of input instead
/// of its end dismisses it.
const SCRIPT: &str = r#"
postmaster=$1
shift
gone_within() {
    tenths=$1
    while kill -0 "$postmaster" 2>/dev/null; do
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
}
read -r _ && exit
kill -INT "$postmaster" 2>/dev/null
gone_within 100 || kill -QUIT "$postmaster" 2>/dev/null
gone_within 30 || kill -KILL "$postmaster" 2>/dev/null
[ $# -eq 0 ] || rm -rf "$@"
"#;

pub(crate) struct Watchdog {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    pub(crate) fn watch(postmaster: u32, throwaway: &[&Path]) -> Result<Self, Error> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "linha-postgres-watchdog"])
            .arg(postmaster.to_string())
            .args(throwaway)
            .current_dir("/")
            // A Ctrl-C is for the launcher alone: it still has requests to finish.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context(|| "cannot start /bin/sh to watch over Postgres".to_owned())?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe })
    }

    /// Tells the watchdog to stop the server now.
    pub(crate) fn release(&mut self) {
        self.pipe = None;
    }

    /// Ends without touching the server, which is dead already or about to be.
    pub(crate) fn dismiss(mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            let _ = pipe.write_all(b"\n");
        }
        let _ = self.child.wait();
    }

    /// The pipe whose end stops the server, for somebody else to hold.
    pub(crate) fn into_pipe(mut self) -> Option<ChildStdin> {
        self.pipe.take()
    }

    pub(crate) fn is_done(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}
