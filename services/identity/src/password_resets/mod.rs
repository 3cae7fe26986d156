//! Forgotten passwords.

mod job;
mod rpc;
pub(crate) mod store;

pub(crate) use job::MailReset;
pub(crate) use rpc::PasswordResets;
