//! The launcher as a program: what it prints, how it ends, what it leaves behind.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

const START_PATIENCE: Duration = Duration::from_secs(120);
const STOP_PATIENCE: Duration = Duration::from_secs(60);

struct Launcher {
    child: Child,
    stdout: BufReader<ChildStdout>,
    ready: Value,
    parent: TempDir,
}

impl Launcher {
    async fn start() -> Self {
        let parent = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_linha"))
            .args(["--ephemeral", "--no-rate-limits"])
            .env("LINHA_TEMPORARY_IN", parent.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        tokio::time::timeout(START_PATIENCE, stdout.read_line(&mut line))
            .await
            .expect("ready in time")
            .unwrap();
        let ready = serde_json::from_str(&line).expect("one line of JSON");
        Self { child, stdout, ready, parent }
    }

    fn gateway(&self) -> &str {
        self.ready["gateway"].as_str().unwrap()
    }

    fn terminate(&self) {
        let pid = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; returns the exit code, and what else was printed.
    async fn ended(&mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        let ended = tokio::time::timeout(STOP_PATIENCE, async {
            self.stdout.read_to_string(&mut rest).await.unwrap();
            self.child.wait().await.unwrap()
        });
        let status = ended.await.expect("ended in time");
        (status.code(), rest)
    }

    fn left_behind(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.parent.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[tokio::test]
async fn an_ephemeral_start_prints_one_line_and_leaves_nothing_behind() {
    let mut launcher = Launcher::start().await;
    for member in ["gateway", "postgres", "sandbox"] {
        assert!(launcher.ready[member].is_string(), "{member} in {}", launcher.ready);
    }
    for service in ["identity", "company", "telecom", "billing"] {
        assert!(launcher.ready["grpc"][service].is_string(), "{service} in {}", launcher.ready);
    }
    let demo = &launcher.ready["demo"];
    for (who, what) in [
        ("operator", "password"),
        ("manager", "company_id"),
        ("other_manager", "company_id"),
        ("holder", "phone_account_id"),
        ("voice", "token"),
        ("enterprise", "enterprise_id"),
        ("other_enterprise", "enterprise_id"),
    ] {
        assert!(demo[who]["email"].is_string() && demo[who][what].is_string(), "{who} in {demo}");
    }
    assert_eq!(demo["subscription_plan_ids"].as_array().unwrap().len(), 3);

    launcher.terminate();
    assert_eq!(launcher.ended().await, (Some(0), String::new()));
    assert_eq!(launcher.left_behind(), Vec::<PathBuf>::new());
}

/// Every request whose connection was accepted gets its whole answer, whenever it came.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_cut_off_by_a_termination() {
    let mut launcher = Launcher::start().await;
    let url = format!("{}/subscription-plans", launcher.gateway());
    let token = operator_token(&launcher).await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (url, token) = (url.clone(), token.clone());
            let (stop, answered) = (stop.clone(), answered.clone());
            tokio::spawn(async move { call_until_gone(&url, &token, &stop, &answered).await })
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 200 {
        tokio::task::yield_now().await;
    }

    launcher.terminate();
    let (code, _) = launcher.ended().await;
    stop.store(true, Ordering::SeqCst);
    assert_eq!(code, Some(0));
    let mut cut_off = Vec::new();
    for caller in callers {
        cut_off.extend(caller.await.unwrap());
    }
    assert_eq!(cut_off, Vec::<String>::new(), "after {answered:?} answers");
}

async fn operator_token(launcher: &Launcher) -> String {
    let answer: Value = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/login", launcher.gateway()))
        .json(&launcher.ready["demo"]["operator"])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Calls over and over, until nobody listens any more. Returns what was neither answered nor
/// refused at the door.
async fn call_until_gone(
    url: &str,
    token: &str,
    stop: &AtomicBool,
    answered: &AtomicU32,
) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut cut_off = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let answer = async {
            let answer = client.get(url).bearer_auth(token).send().await?;
            let status = answer.status();
            answer.bytes().await.map(|_| status)
        };
        match answer.await {
            Ok(status) if status.is_success() => {
                answered.fetch_add(1, Ordering::SeqCst);
            }
            Ok(status) => cut_off.push(status.to_string()),
            Err(error) if error.is_connect() => break,
            Err(error) => cut_off.push(format!("{error:?}")),
        }
    }
    cut_off
}
