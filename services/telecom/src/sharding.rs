//! Telecom's tables can be spread over machines by company; see deploy/kubernetes/README.md.

use chassis::testing::sharding::{Exceptions, check};

use crate::MIGRATIONS;

const EXCEPTIONS: Exceptions = Exceptions {
    tables: &[
        ("parcel_carrier_token", "the operator's account, on one machine"),
        ("known_user", "a copy of what identity says, small, on every machine"),
        ("person", "a copy of what identity says, on every machine"),
        ("phone_number", "the stock is the operator's, and on one machine"),
        ("port_in_message", "forgotten after days, and on one machine with the stock"),
    ],
    keys: &[
        ("line_number_live", "the stock's row is locked before a line takes the number"),
        ("line_sim_card_live", "the stock's row is locked before a line takes the card"),
        ("parcel_carrier_token_pkey", "on one machine"),
        ("phone_number_pkey", "of the stock"),
        ("sim_card_pkey", "of the stock"),
        (
            "port_in_open_number",
            "held by this key only: to be kept beside the stock, on one machine, before port-ins spread",
        ),
        (
            "port_in_protocol_key",
            "its digits are the random part of the id: a clash is as rare on many machines",
        ),
        ("port_in_message_pkey", "on one machine"),
        ("extension_pkey", "numbers come from one sequence"),
        ("call_live", "an extension is of one company"),
    ],
};

#[tokio::test]
async fn every_unique_key_is_held_by_one_machine() {
    let (service, _database) = chassis::testing::service("telecom", &MIGRATIONS, vec![]).await;
    check(&service, &EXCEPTIONS).await;
}
