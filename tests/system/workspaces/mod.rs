//! The workspaces dialect, as its clients meet it.

mod banks;
mod client;
mod conventions;
mod documents;
mod limits;
mod operator;
mod organizations;
mod places;
mod problems;
mod repeats;
mod roles;
mod subscriptions;
mod walk;
