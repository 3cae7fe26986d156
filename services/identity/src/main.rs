//! The process of the identity service.

fn main() -> anyhow::Result<()> {
    chassis::run("identity", 50051, 9051, identity::serve_configured)
}
