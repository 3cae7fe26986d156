//! The gateway at its front door, before services that are stubs: real HTTP, real gRPC.

mod bodies;
mod door;
mod lines;
mod links;
mod support;
