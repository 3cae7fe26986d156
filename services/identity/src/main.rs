//! The identity service as a process of its own.

fn main() -> anyhow::Result<()> {
    chassis::run("identity", 50051, 9051, identity::serve_configured)
}
