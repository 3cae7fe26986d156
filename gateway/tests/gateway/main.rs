//! The gateway before peers that misbehave on command: slow, broken or gone. How it works with
//! the services themselves is shown by the whole-system tests.

mod callers;
mod document;
mod door;
mod failures;
mod oauth;
mod providers;
mod schools;
mod sockets;
mod support;
mod voice;
mod voice_users;
