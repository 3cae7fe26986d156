//! The story of two companies, from their first employee to a bill that is paid late.

mod acts;
mod receiver;

use harness::World;
use local::Options;

use acts::Story;
use receiver::Receiver;

const RECEIVER_HOST: &str = "127.0.0.77";

#[tokio::test]
#[ignore = "takes minutes: cargo test -p linha-tests --test system -- --ignored story"]
async fn two_companies_grow_change_operators_and_pay() {
    let options =
        Options { webhook_hosts: vec![RECEIVER_HOST.parse().unwrap()], ..World::options() };
    let world = World::start(options).await;
    let receiver = Receiver::listen(RECEIVER_HOST).await;
    let mut story = Story::begin(&world, &receiver.url).await;

    let people = story.import_employees(200).await;
    let lines = story.order_lines(&people).await;
    story.activate_cards(&lines).await;
    story.bring_numbers(&lines[..30]).await;
    story.close_the_month(lines.len()).await;
    story.pay_late().await;
    story.everything_was_told(&receiver).await;
}
