//! The contracts of Linha: what its services say to each other and to internal callers.
//!
//! Generated from `linha/<context>/v1/*.proto` when the crate is built; nothing is written by hand.

macro_rules! context {
    ($context:ident, $package:literal) => {
        #[doc = concat!("Package `", $package, "`.")]
        #[allow(missing_docs, clippy::all, unreachable_pub)]
        pub mod $context {
            pub mod v1 {
                tonic::include_proto!($package);
            }
        }
    };
}

context!(common, "linha.common.v1");
context!(identity, "linha.identity.v1");
context!(company, "linha.company.v1");
context!(telecom, "linha.telecom.v1");
context!(billing, "linha.billing.v1");
context!(events, "linha.events.v1");

/// Every contract as an encoded `google.protobuf.FileDescriptorSet`, with comments and options.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
