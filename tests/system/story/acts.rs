//! What happens in the story, act by act.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, stream};
use harness::{Answer, Rest, Sample, World};
use serde_json::{Value, json};

use super::Receiver;
use crate::cast::{company, iccid, id};

const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(300);
const AREA: u32 = 67;
const EVENTS: &[&str] = &[
    "line.ordered",
    "line.activated",
    "line.number_changed",
    "line.sim_card_changed",
    "line.blocked",
    "line.unblocked",
    "port_in.changed",
    "invoice.issued",
    "invoice.overdue",
    "invoice.paid",
    "company.suspended",
    "company.reinstated",
];
const DENIALS: [&str; 5] = [
    "holder-mismatch",
    "incomplete-data",
    "number-inactive",
    "area-not-served",
    "number-not-found",
];

/// A line that was ordered, and the card that is to go into it.
pub(super) struct Ordered {
    line_id: String,
    iccid: String,
}

pub(super) struct Story<'a> {
    world: &'a World,
    operator: Rest,
    company_id: String,
    endpoint_id: String,
}

impl<'a> Story<'a> {
    pub(super) async fn begin(world: &'a World, receiver: &str) -> Self {
        let operator = world.operator().await;
        let company_id = company(&operator).await;
        let numbers = json!({ "area_code": AREA, "first_number": "+5567990000000",
            "last_number": "+5567990000299" });
        operator.post("/phone-numbers", &numbers).await.expect(200);
        let endpoint = json!({ "company_id": company_id, "url": receiver, "event_types": EVENTS });
        let endpoint = operator.post("/webhook-endpoints", &endpoint).await.expect(201);
        Self { world, endpoint_id: id(&endpoint).to_owned(), operator, company_id }
    }

    /// Waits until nothing is left to do, which takes a while with two hundred orders.
    async fn settle(&self) {
        assert!(self.world.stack.settle(PATIENCE).await, "something is still going on");
    }

    /// Moves the clock; tokens are renewed, because they age with it.
    async fn advance(&mut self, duration: &str) {
        self.world.advance(duration).await;
        self.settle().await;
        self.operator = self.world.operator().await;
    }

    fn of_company(&self, things: &str) -> String {
        format!("/companies/{}/{things}", self.company_id)
    }

    pub(super) async fn import_employees(&self, count: usize) -> Vec<String> {
        stream::iter(0..count)
            .map(|_| async {
                let employee = Sample::employee(&self.company_id);
                self.operator.post("/employees", &employee).await.expect(201);
                employee["workEmail"].as_str().unwrap().to_owned()
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// Orders a line with a card for everybody; every order is done when the parcels are there.
    pub(super) async fn order_lines(&mut self, people: &[String]) -> Vec<Ordered> {
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
                let path = story.of_company("phone-account-requests");
                let taken = story.operator.post(&path, &order).await;
                assert_eq!(taken.status, 202, "{}", taken.body);
                taken.headers["location"].to_str().unwrap().to_owned()
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        self.settle().await;
        self.advance("P10D").await;
        let shipments = self.operator.get(&self.of_company("sim-card-shipments")).await.expect(200);
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
        lines
    }

    /// Puts the cards that were shipped into the lines, by what is read off them.
    pub(super) async fn activate_cards(&self, lines: &[Ordered]) {
        let iccids: Vec<&String> = lines.iter().map(|line| &line.iccid).collect();
        let cards = json!({ "company_id": self.company_id, "iccids": iccids });
        let added = self.operator.post("/sim-cards", &cards).await.expect(200);
        assert_eq!(added["created"], lines.len());
        stream::iter(lines)
            .for_each_concurrent(AT_ONCE, |Ordered { line_id, iccid }| async move {
                let card = json!({ "sim_card_number": iccid[iccid.len() - 7..] });
                let path = format!("/phone-accounts/{line_id}/activate-sim-card");
                self.operator.post(&path, &card).await.expect(204);
            })
            .await;
        self.settle().await;
        for things in ["searchTerm=", "searchTerm=mctest"] {
            let path = format!("{}?limit=200&{things}", self.of_company("phone-accounts"));
            let found = self.operator.get(&path).await.expect(200);
            assert_eq!(found["pagination"]["totalCount"], lines.len());
            let all = found["phone_accounts"].as_array().unwrap();
            assert!(all.iter().all(|line| line["status"] == "active"), "{things}");
        }
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
            assert!(scripted.status < 300, "{}", scripted.body);
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
        for (index, line) in lines.iter().enumerate().take(DENIALS.len()) {
            self.ask_for(line, &number(index)).await.expect(204);
        }
        for _ in 0..10 {
            self.advance("P1D").await;
        }
        for (index, line) in lines.iter().enumerate() {
            let ported = self.portability(line).await;
            assert_eq!(ported["status"], "SUCCESSFUL", "{ported}");
            let path = format!("/phone-accounts/{}", line.line_id);
            let line = self.operator.get(&path).await.expect(200);
            assert_eq!(line["phone_number"], number(index));
            assert_eq!(line["is_portability"], true);
        }
    }

    async fn ask_for(&self, line: &Ordered, number: &str) -> Answer {
        let path = format!("/phone-accounts/{}/portability", line.line_id);
        self.operator.post(&path, &json!({ "phone_number": number })).await
    }

    async fn portability(&self, line: &Ordered) -> Value {
        let path = format!("/phone-accounts/{}/portability", line.line_id);
        self.operator.get(&path).await.expect(200)
    }

    /// The month ends; the invoice has an item for every line, and is their sum.
    pub(super) async fn close_the_month(&mut self, lines: usize) {
        self.advance("P31D").await;
        let run = self.world.rest().post("/sandbox/billing/run", &json!({})).await.expect(200);
        assert!(run["lines"].as_u64().unwrap() >= lines as u64, "{run}");
        self.settle().await;
        let invoices = self.invoices().await;
        for invoice in &invoices {
            let items = invoice["items"].as_array().unwrap();
            let sum: i64 = items.iter().map(|item| item["amountCents"].as_i64().unwrap()).sum();
            assert_eq!(invoice["amountCents"], sum);
            assert!(items.len() >= lines, "{} items", items.len());
        }
    }

    async fn invoices(&self) -> Vec<Value> {
        let invoices = self.operator.get(&self.of_company("invoices")).await.expect(200);
        invoices["invoices"].as_array().unwrap().clone()
    }

    /// The company does not pay: notice, suspension, payment, restoration.
    pub(super) async fn pay_late(&mut self) {
        self.advance("P8D").await;
        let unpaid = self.invoices().await;
        assert!(unpaid.iter().any(|invoice| invoice["status"] == "overdue"), "{unpaid:?}");
        assert_eq!(self.statuses().await, BTreeSet::from(["active".to_owned()]));

        self.advance("P16D").await;
        assert_eq!(self.statuses().await, BTreeSet::from(["blocked".to_owned()]));

        for invoice in self.invoices().await {
            if invoice["status"] != "paid" {
                let paid = json!({ "invoice_id": id(&invoice), "event": "paid", "times": 2 });
                let answer = self.world.rest().post("/sandbox/payments", &paid).await;
                assert!(answer.status < 300, "{}", answer.body);
            }
        }
        self.settle().await;
        assert_eq!(self.statuses().await, BTreeSet::from(["active".to_owned()]));
        assert!(self.invoices().await.iter().all(|invoice| invoice["status"] == "paid"));
        let company = self.operator.get(&format!("/companies/{}", self.company_id)).await;
        let to = company.expect(200)["billingEmail"].as_str().unwrap().to_owned();
        assert!(self.world.mails(&to).await.len() >= 4, "invoice, notice, suspension, restoration");
    }

    async fn statuses(&self) -> BTreeSet<String> {
        let path = format!("{}?limit=200", self.of_company("phone-accounts"));
        let found = self.operator.get(&path).await.expect(200);
        let lines = found["phone_accounts"].as_array().unwrap();
        lines.iter().map(|line| line["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Every event reached the receiver, once each, however often that failed.
    pub(super) async fn everything_was_told(&mut self, receiver: &Receiver) {
        for _ in 0..10 {
            self.advance("PT12H").await;
        }
        let taken = receiver.taken();
        assert!(taken.values().all(|(times, _)| *times == 1), "a delivery was taken twice");
        let kinds: BTreeSet<&str> =
            taken.values().map(|(_, body)| body["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, EVENTS.iter().copied().collect());

        let mut deliveries = BTreeSet::new();
        let mut offset = 0;
        loop {
            let path = format!(
                "/webhook-endpoints/{}/deliveries?limit=200&offset={offset}",
                self.endpoint_id
            );
            let page = self.operator.get(&path).await.expect(200);
            let page = page["deliveries"].as_array().unwrap();
            for delivery in page {
                assert_eq!(delivery["state"], "delivered", "{delivery}");
                deliveries.insert(id(delivery).to_owned());
            }
            if page.len() < 200 {
                break;
            }
            offset += page.len();
        }
        assert_eq!(deliveries, taken.into_keys().collect());
    }
}
