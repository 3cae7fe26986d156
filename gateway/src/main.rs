//! The gateway as a process of its own.

use std::net::SocketAddr;

use anyhow::Context;
use chassis::clock::Clock;
use clap::Parser;
use gateway::{Config, GatewayHost};
use tokio::net::TcpListener;

fn main() -> anyhow::Result<()> {
    chassis::config::load_file()?;
    let config = Config::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let telemetry = chassis::telemetry::start("gateway", &config.telemetry)?;
        let host = GatewayHost {
            listener: bind(config.listen).await?,
            admin: Some(bind(config.admin_listen).await?),
            clock: Clock::system(),
            shutdown: chassis::host::on_signal()?,
            extra: gateway::Extra::default(),
        };
        let served = gateway::serve(config, host).await;
        telemetry.shutdown();
        served
    })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
