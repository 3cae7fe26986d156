//! Companies come, and their lines begin.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use harness::{Answer, Receiver, Rest, Sample, World, iccid};
use reqwest::Method;
use serde_json::{Value, json};

const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(600);
const AREA: u32 = 67;
const PAGE: usize = 200;
const EVENT_TYPES: [&str; 21] = [
    "line.ordered",
    "line.activated",
    "line.plan_changed",
    "line.company_changed",
    "line.user_changed",
    "line.number_changed",
    "line.sim_card_changed",
    "line.blocked",
    "line.unblocked",
    "line.cancelled",
    "port_in.changed",
    "data.topped_up",
    "shipment.changed",
    "line_order.finished",
    "invoice.issued",
    "invoice.paid",
    "invoice.overdue",
    "company.suspended",
    "company.reinstated",
    "company.terminated",
    "fiscal_note.authorized",
];
const DENIALS: [&str; 5] = [
    "holder-mismatch",
    "incomplete-data",
    "number-inactive",
    "area-not-served",
    "number-not-found",
];

/// A company that listens to everything that happens to it.
pub(super) struct Company {
    pub(super) company_id: String,
    pub(super) billing_email: String,
    endpoint_id: String,
}

impl Company {
    pub(super) fn path(&self, things: &str) -> String {
        format!("/companies/{}/{things}", self.company_id)
    }
}

/// A line that was ordered, and the card that is to go into it.
pub(super) struct Ordered {
    line_id: String,
    iccid: String,
}

pub(super) struct Story<'a> {
    pub(super) world: &'a World,
    pub(super) operator: Rest,
    begun: Instant,
}

#[track_caller]
pub(super) fn id(answer: &Value) -> &str {
    answer["id"].as_str().expect("an id")
}

impl<'a> Story<'a> {
    pub(super) async fn begin(world: &'a World) -> Self {
        let operator = world.operator().await;
        let numbers = json!({ "area_code": AREA, "first_number": "+5567990000000",
            "last_number": "+5567990000299" });
        operator.post("/phone-numbers", &numbers).await.expect(200);
        Self { world, operator, begun: Instant::now() }
    }

    /// Says where the story is.
    #[expect(clippy::print_stdout, reason = "a test of minutes shows where it failed")]
    pub(super) fn tell(&self, what: &str) {
        println!("{:>4} s: {what}", self.begun.elapsed().as_secs());
    }

    /// Waits until nothing is left to do, which takes a while with two hundred orders.
    pub(super) async fn settle(&self) {
        assert!(self.world.stack.settle(PATIENCE).await, "something is still going on");
    }

    /// Moves the clock; tokens are renewed, because they age with it.
    pub(super) async fn advance(&mut self, duration: &str) {
        self.world.advance(duration).await;
        self.settle().await;
        self.operator = self.world.operator().await;
    }

    pub(super) async fn register(&self, receiver: &Receiver) -> Company {
        let company = self.operator.post("/companies", &Sample::company()).await.expect(201);
        let endpoint = json!({ "company_id": id(&company), "url": receiver.url,
            "event_types": EVENT_TYPES });
        let endpoint = self.operator.post("/webhook-endpoints", &endpoint).await.expect(201);
        Company {
            company_id: id(&company).to_owned(),
            billing_email: company["billingEmail"].as_str().unwrap().to_owned(),
            endpoint_id: id(&endpoint).to_owned(),
        }
    }

    pub(super) async fn import_employees(&self, company: &Company, count: usize) -> Vec<String> {
        let emails = stream::iter(0..count)
            .map(|_| async {
                let employee = Sample::employee(&company.company_id);
                self.operator.persist(Method::POST, "/employees", &employee, 201).await;
                employee["workEmail"].as_str().unwrap().to_owned()
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        self.tell("the employees are imported");
        emails
    }

    /// Orders a line with a card for everybody; every order is done when the parcels are there.
    pub(super) async fn order_lines(
        &mut self,
        company: &Company,
        people: &[String],
    ) -> Vec<Ordered> {
        let story = &*self;
        let orders: Vec<String> = stream::iter(people)
            .map(|email| async move {
                let order = json!({
                    "subscriptionPlanId": story.world.plan_id(),
                    "areaCode": AREA,
                    "user": { "email": email, "name": "Test McTest" },
                    "changeOwnership": true,
                    "simcardDeliveryAddress": { "zipCode": "79002-000",
                        "streetName": "Avenida Afonso Pena", "streetNumber": "S/N",
                        "neighborhood": "Centro", "city": "Campo Grande", "state": "MS" }
                });
                let path = company.path("phone-account-requests");
                let taken = story.operator.persist(Method::POST, &path, &order, 202).await;
                taken.headers["location"].to_str().unwrap().to_owned()
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        self.tell("the lines are ordered");
        self.settle().await;
        self.tell("the orders are carried out");
        self.advance("P10D").await;
        let path = company.path("sim-card-shipments");
        let shipments = self.operator.get(&path).await.expect(200);
        let shipments = shipments["shipments"].as_array().unwrap();
        assert_eq!(shipments.len(), people.len());
        assert!(shipments.iter().all(|shipment| shipment["status"] == "DELIVERED"));

        let mut lines = vec![];
        for order in orders {
            let order = self.operator.get(&order).await.expect(200);
            assert_eq!(order["state"], "done", "{order}");
            let line_id = order["phone_account_id"].as_str().unwrap().to_owned();
            lines.push(Ordered { line_id, iccid: iccid() });
        }
        self.tell("the cards are delivered");
        lines
    }

    /// Orders lines without anything around them.
    pub(super) async fn order_bare_lines(&self, company: &Company, count: usize) {
        for _ in 0..count {
            let order = json!({ "subscription_plan_id": self.world.plan_id(), "area_code": AREA });
            self.operator.post(&company.path("phone-accounts"), &order).await.expect(201);
        }
        self.settle().await;
    }

    /// Puts the cards that were shipped into the lines, by what is read off them.
    pub(super) async fn activate_cards(&self, company: &Company, lines: &[Ordered]) {
        let iccids: Vec<&String> = lines.iter().map(|line| &line.iccid).collect();
        let cards = json!({ "company_id": company.company_id, "iccids": iccids });
        let added = self.operator.post("/sim-cards", &cards).await.expect(200);
        assert_eq!(added["created"], lines.len());
        stream::iter(lines)
            .for_each_concurrent(AT_ONCE, |Ordered { line_id, iccid }| async move {
                let card = json!({ "sim_card_number": iccid[iccid.len() - 7..] });
                let path = format!("/phone-accounts/{line_id}/activate-sim-card");
                self.operator.persist(Method::POST, &path, &card, 204).await;
            })
            .await;
        self.settle().await;
        for things in ["searchTerm=", "searchTerm=mctest"] {
            let path = format!("phone-accounts?limit={PAGE}&{things}");
            let found = self.operator.get(&company.path(&path)).await.expect(200);
            assert_eq!(found["pagination"]["totalCount"], lines.len());
            let all = found["phone_accounts"].as_array().unwrap();
            assert!(all.iter().all(|line| line["status"] == "active"), "{things}");
        }
        self.tell("the cards are in use");
    }

    /// Ports a number into each line. Five are denied, for as many reasons, and asked for again.
    pub(super) async fn bring_numbers(&mut self, lines: &[Ordered]) {
        let number = |index: usize| format!("+556798{:07}", 1_000_000 + index);
        for (index, reason) in DENIALS.iter().enumerate() {
            let script = json!({ "phone_number": number(index), "script": [
                { "event": "acknowledge" },
                { "event": "deny", "reason": reason, "after": "PT2H" }
            ]});
            let scripted = self.world.rest().post("/sandbox/portability", &script).await;
            scripted.expect(204);
        }
        for (index, line) in lines.iter().enumerate() {
            self.ask_for(line, &number(index)).await.expect(204);
        }
        self.advance("PT3H").await;
        for (line, reason) in lines.iter().zip(DENIALS) {
            let denied = self.portability(line).await;
            assert_eq!(denied["status"], "DENIED", "{denied}");
            assert_eq!(denied["status_reason"], reason);
        }
        self.tell("five numbers are denied");
        for (index, line) in lines.iter().enumerate().take(DENIALS.len()) {
            self.ask_for(line, &number(index)).await.expect(204);
        }
        self.advance("P12D").await;
        for (index, line) in lines.iter().enumerate() {
            let ported = self.portability(line).await;
            assert_eq!(ported["status"], "SUCCESSFUL", "{ported}");
            let path = format!("/phone-accounts/{}", line.line_id);
            let line = self.operator.get(&path).await.expect(200);
            assert_eq!(line["phone_number"], number(index));
            assert_eq!(line["is_portability"], true);
        }
        self.tell("the numbers have come over");
    }

    async fn ask_for(&self, line: &Ordered, number: &str) -> Answer {
        let path = format!("/phone-accounts/{}/portability", line.line_id);
        self.operator.post(&path, &json!({ "phone_number": number })).await
    }

    async fn portability(&self, line: &Ordered) -> Value {
        let path = format!("/phone-accounts/{}/portability", line.line_id);
        self.operator.get(&path).await.expect(200)
    }

    /// Lets the time pass that the last attempts wait for.
    pub(super) async fn hear_everything(&mut self) {
        for _ in 0..3 {
            self.advance("PT12H").await;
        }
        self.tell("everything was told");
    }

    /// Everything that happened to a company reached the receiver, once each, however often that
    /// failed: so many of each kind, where the story says how many.
    pub(super) async fn was_told(
        &self,
        company: &Company,
        receiver: &Receiver,
        expected: &[(&str, usize)],
    ) {
        let taken = receiver.taken();
        for delivery in self.deliveries(company).await {
            assert_eq!(delivery["state"], "delivered", "{delivery}");
            assert!(taken.contains_key(id(&delivery)), "{delivery}");
        }
        // What was delivered long ago is not listed any more.
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for (id, (times, body)) in taken {
            if body["data"]["company_id"] == company.company_id {
                assert_eq!(times, 1, "{id} was taken more than once: {body}");
                *kinds.entry(body["type"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        for (kind, times) in expected {
            assert_eq!(kinds.get(*kind), Some(times), "{kind} among {kinds:?}");
        }
    }

    async fn deliveries(&self, company: &Company) -> Vec<Value> {
        let mut all = vec![];
        loop {
            let path = format!(
                "/webhook-endpoints/{}/deliveries?limit={PAGE}&offset={}",
                company.endpoint_id,
                all.len()
            );
            let page = self.operator.get(&path).await.expect(200);
            match page["deliveries"].as_array().unwrap().as_slice() {
                [] => return all,
                page => all.extend_from_slice(page),
            }
        }
    }
}
