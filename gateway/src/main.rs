//! The gateway as a process of its own.

use chassis::clock::Clock;
use chassis::host::{Activity, on_signal};
use chassis::program::{Stateless, bind};
use gateway::{Config, GatewayHost};

const ADMIN_PORT: u16 = 9080;

fn main() -> anyhow::Result<()> {
    chassis::config::load_file()?;
    let task = Stateless::<Config>::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        match task {
            Stateless::Serve(config) => serve(config).await,
            Stateless::Health(health) => health.ask(ADMIN_PORT).await,
        }
    })
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let telemetry = chassis::telemetry::start("gateway", &config.telemetry)?;
    let host = GatewayHost {
        listener: bind(config.listen).await?,
        admin: Some(bind(config.admin_listen).await?),
        clock: Clock::system(),
        shutdown: on_signal()?,
        activity: Activity::default(),
        extra: gateway::Extra::default(),
    };
    let served = gateway::serve(config, host).await;
    telemetry.shutdown();
    served
}
