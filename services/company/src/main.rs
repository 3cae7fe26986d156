//! The company service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::run("company", 50053, 9053, company::serve)
}
