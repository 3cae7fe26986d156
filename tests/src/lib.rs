//! Linha as its users meet it: started as `cargo run` starts it, spoken to over REST and gRPC.

pub mod invariants;
mod receiver;
mod rest;
mod samples;
mod world;

pub use receiver::{Receiver, Taken};
pub use rest::{Answer, Rest};
pub use samples::{Sample, cnpj, cpf, email, iccid, unique};
pub use world::{World, with_token};
