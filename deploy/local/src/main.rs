//! Plain `cargo run`: all of Linha on this machine.

use std::io::Write;
use std::process::ExitCode;

use chassis::telemetry;
use clap::Parser;
use local::{Options, Stack, demo};

fn main() -> ExitCode {
    if let Err(error) = chassis::config::load_file() {
        say(&format!("{error:#}"));
        return ExitCode::FAILURE;
    }
    let options = Options::parse();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: Options) -> anyhow::Result<()> {
    let telemetry = telemetry::start("linha", &options.telemetry)?;
    let shutdown = chassis::host::on_signal()?;
    let ephemeral = options.ephemeral;

    let starting = Stack::start(options, say);
    let mut stack = tokio::select! {
        started = starting => started?,
        () = shutdown.cancelled() => return Ok(()),
    };
    if ephemeral {
        print(&demo::as_json(&stack)?)?;
    } else {
        print(&demo::welcome(&stack))?;
    }
    let failed = tokio::select! {
        () = shutdown.cancelled() => None,
        error = stack.failed() => Some(error),
    };
    say("stopping");
    let stopped = stack.stop().await;
    telemetry.shutdown();
    match failed {
        Some(error) => Err(error),
        None => stopped,
    }
}

/// Tells a person what is going on; standard output is for the result.
fn say(message: &str) {
    let _ = writeln!(std::io::stderr(), "linha: {message}");
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
