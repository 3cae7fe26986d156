//! The telecom service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::run("telecom", 50052, 9052, |config: telecom::Config, host| async {
        let outside = config.outside(&host.clock)?;
        telecom::serve(config, host, outside).await
    })
}
