//! The workspaces dialect, as its clients meet it.

mod banks;
mod client;
mod conventions;
mod documents;
mod organizations;
mod places;
mod subscriptions;
