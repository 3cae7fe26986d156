//! Brings whole schools in from a file of CSV or JSON Lines.

use std::process::ExitCode;

use clap::Parser;
use import::{Options, run};

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_clean = runtime.block_on(run(options, &mut std::io::stdout().lock()))?;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
