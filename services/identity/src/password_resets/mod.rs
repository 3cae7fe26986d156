//! Forgotten passwords.

mod job;
mod rpc;
pub(crate) mod store;

pub(crate) use job::Reset;
pub(crate) use rpc::PasswordResets;
