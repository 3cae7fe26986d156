//! The billing service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::run("billing", 50054, 9054, |config: billing::Config, host| async {
        let outside = config.outside()?;
        billing::serve(config, host, outside).await
    })
}
