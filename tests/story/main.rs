//! The story of two companies: one grows to two hundred lines, brings numbers along and pays its
//! bill; the other has a few lines, and pays late.

mod acts;
mod bills;

use harness::invariants::assert_invariants;
use harness::{Receiver, World};
use local::Options;

use acts::Story;

const RECEIVER_HOST: &str = "127.0.0.77";
const EMPLOYEES: usize = 200;
const BROUGHT_NUMBERS: usize = 30;
const FEW: usize = 5;

#[tokio::test]
async fn two_companies_grow_change_operators_and_pay() {
    let options =
        Options { webhook_hosts: vec![RECEIVER_HOST.parse().unwrap()], ..World::options() };
    let world = World::start(options).await;
    let receiver = Receiver::failing(RECEIVER_HOST).await;
    let mut story = Story::begin(&world).await;
    let growing = story.register(&receiver).await;
    let late = story.register(&receiver).await;

    let people = story.import_employees(&growing, EMPLOYEES).await;
    let lines = story.order_lines(&growing, &people).await;
    story.order_bare_lines(&late, FEW).await;
    story.activate_cards(&growing, &lines).await;
    story.bring_numbers(&lines[..BROUGHT_NUMBERS]).await;
    story.close_the_month(&[(&growing, EMPLOYEES), (&late, FEW)]).await;
    story.pay(&growing).await;
    story.pay_late(&late, &growing).await;

    story.hear_everything().await;
    let lines = [
        ("line.ordered", EMPLOYEES),
        ("line.activated", EMPLOYEES),
        ("line.sim_card_changed", EMPLOYEES),
        ("line.number_changed", BROUGHT_NUMBERS),
        ("line_order.finished", EMPLOYEES),
        ("invoice.issued", 1),
        ("invoice.paid", 1),
    ];
    story.was_told(&growing, &receiver, &lines).await;
    let trouble = [
        ("line.ordered", FEW),
        ("line.activated", FEW),
        ("invoice.issued", 1),
        ("invoice.overdue", 1),
        ("company.suspended", 1),
        ("line.blocked", FEW),
        ("invoice.paid", 1),
        ("company.reinstated", 1),
        ("line.unblocked", FEW),
    ];
    story.was_told(&late, &receiver, &trouble).await;
    assert_invariants(&world.database().await, "in the end").await;
}
