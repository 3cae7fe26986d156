//! Which calls may be made twice.

use std::collections::HashSet;

use prost::{Message, Name};
use prost_types::FileDescriptorSet;
use prost_types::method_options::IdempotencyLevel;

/// The rpcs that have no side effects, as their contracts say; known by their request, since no
/// two rpcs share one.
pub(super) struct Repeatable {
    requests: HashSet<String>,
}

impl Repeatable {
    pub(super) fn of_the_contracts() -> anyhow::Result<Self> {
        let contracts = FileDescriptorSet::decode(proto::DESCRIPTORS)?;
        let requests = contracts
            .file
            .into_iter()
            .flat_map(|file| file.service)
            .flat_map(|service| service.method)
            .filter(|method| {
                method
                    .options
                    .as_ref()
                    .is_some_and(|o| o.idempotency_level() == IdempotencyLevel::NoSideEffects)
            })
            .map(|method| method.input_type().trim_start_matches('.').to_owned())
            .collect();
        Ok(Self { requests })
    }

    pub(super) fn contains<M: Name>(&self) -> bool {
        self.requests.contains(&M::full_name())
    }
}

#[cfg(test)]
mod tests {
    use proto::identity::v1::LoginRequest;
    use proto::telecom::v1::{GetLineRequest, OrderLineRequest};

    use super::*;

    #[test]
    fn only_what_changes_nothing_is_repeatable() {
        let repeatable = Repeatable::of_the_contracts().unwrap();
        assert!(repeatable.contains::<GetLineRequest>());
        assert!(!repeatable.contains::<OrderLineRequest>());
        assert!(!repeatable.contains::<LoginRequest>());
    }
}
