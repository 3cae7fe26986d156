//! The gateway at its front door, before services that are stubs: real HTTP, real gRPC.

mod door;
mod lines;
mod support;
