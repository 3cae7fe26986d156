//! The telecom service as a process of its own.

use chassis::Program;

const PROGRAM: Program = Program {
    name: "telecom",
    port: 50052,
    admin_port: 9052,
    migrations: &telecom::MIGRATIONS,
    sealed: &telecom::SEALED,
};

fn main() -> anyhow::Result<()> {
    chassis::run(PROGRAM, |config: telecom::Config, host| async {
        let outside = config.outside(&host.clock)?;
        telecom::serve(config, host, outside).await
    })
}
