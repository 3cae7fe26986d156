//! The company service as a process of its own.

use chassis::Program;

const PROGRAM: Program = Program {
    name: "company",
    port: 50053,
    admin_port: 9053,
    migrations: &company::MIGRATIONS,
    sealed: &company::SEALED,
};

fn main() -> anyhow::Result<()> {
    chassis::run(PROGRAM, company::serve)
}
