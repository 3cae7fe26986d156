//! The billing service as a process of its own.

use chassis::Program;

const PROGRAM: Program = Program {
    name: "billing",
    port: 50054,
    admin_port: 9054,
    migrations: &billing::MIGRATIONS,
    sealed: &billing::SEALED,
};

fn main() -> anyhow::Result<()> {
    chassis::run(PROGRAM, |config: billing::Config, host| async {
        let outside = config.outside(host.clock.clone())?;
        billing::serve(config, host, outside).await
    })
}
