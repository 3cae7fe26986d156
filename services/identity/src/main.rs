//! The identity service as a process of its own.

use chassis::Program;

const PROGRAM: Program = Program {
    name: "identity",
    port: 50051,
    admin_port: 9051,
    migrations: &identity::MIGRATIONS,
    sealed: &identity::SEALED,
};

fn main() -> anyhow::Result<()> {
    chassis::run(PROGRAM, identity::serve_configured)
}
