//! All of Linha in one process: an embedded Postgres, the four services, the gateway, a sandbox
//! for the outside world, and demo data. The whole-system tests run the very same thing.

mod addresses;
pub mod demo;
mod health;
pub mod options;
mod process;
mod sandbox;
mod secrets;
mod settings;
mod stack;

pub use addresses::Addresses;
pub use options::Options;
pub use process::Part;
pub use stack::Stack;
