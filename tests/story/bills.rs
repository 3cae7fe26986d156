//! The month ends, and is paid for, in time or not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::acts::{Company, Story, id};

impl Story<'_> {
    /// Closes the month: an invoice for each company, which has an item for each of so many
    /// lines, and is their sum.
    pub(super) async fn close_the_month(&mut self, companies: &[(&Company, usize)]) {
        self.advance("P31D").await;
        let run = self.world.rest().post("/sandbox/billing/run", &json!({})).await.expect(200);
        let lines: usize = companies.iter().map(|(_, lines)| lines).sum();
        assert!(run["lines"].as_u64().unwrap() >= lines as u64, "{run}");
        self.settle().await;
        for (company, lines) in companies {
            let invoices = self.invoices(company).await;
            let [invoice] = invoices.as_slice() else { panic!("{} invoices", invoices.len()) };
            let items = invoice["items"].as_array().unwrap();
            let sum: i64 = items.iter().map(|item| item["amountCents"].as_i64().unwrap()).sum();
            assert!(sum > 0);
            assert_eq!(invoice["amountCents"], sum);
            assert_eq!(items.len(), *lines);
            assert_eq!(invoice["status"], "pending");
        }
        self.tell("the month is closed");
    }

    async fn invoices(&self, company: &Company) -> Vec<Value> {
        let invoices = self.operator.get(&company.path("invoices")).await.expect(200);
        invoices["invoices"].as_array().unwrap().clone()
    }

    /// Pays what a company owes. The provider says so twice.
    pub(super) async fn pay(&self, company: &Company) {
        for invoice in self.invoices(company).await {
            let paid = json!({ "invoice_id": id(&invoice), "event": "paid", "times": 2 });
            self.world.rest().post("/sandbox/payments", &paid).await.expect(204);
        }
        self.settle().await;
        let invoices = self.invoices(company).await;
        assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"), "{invoices:?}");
    }

    /// A company does not pay: notice, suspension, payment, restoration. One that paid goes on.
    pub(super) async fn pay_late(&mut self, late: &Company, other: &Company) {
        let (active, blocked) = (BTreeSet::from(["active".into()]), ["blocked".into()].into());
        // Five days until it is due, and holidays.
        self.advance("P12D").await;
        let unpaid = self.invoices(late).await;
        assert!(unpaid.iter().all(|invoice| invoice["status"] == "overdue"), "{unpaid:?}");
        assert_eq!(self.statuses(late).await, active);
        self.tell("a company is overdue");

        self.advance("P16D").await;
        assert_eq!(self.statuses(late).await, blocked);
        assert_eq!(self.statuses(other).await, active);
        self.tell("its lines are suspended");

        self.pay(late).await;
        assert_eq!(self.statuses(late).await, active);
        self.tell("it has paid");

        let letters = ["overdue", "suspended", "restored"];
        let subjects = self.subjects(late).await;
        assert_eq!(subjects.len(), 1 + letters.len(), "{subjects:?}");
        for letter in letters {
            let written = subjects.iter().filter(|subject| subject.contains(letter)).count();
            assert_eq!(written, 1, "{letter}: {subjects:?}");
        }
        assert_eq!(self.subjects(other).await.len(), 1, "the invoice, and nothing else");
    }

    /// What was mailed about a company's bills.
    async fn subjects(&self, company: &Company) -> Vec<String> {
        let mails = self.world.mails(&company.billing_email).await;
        mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
    }

    async fn statuses(&self, company: &Company) -> BTreeSet<String> {
        let found = self.operator.get(&company.path("phone-accounts?limit=200")).await.expect(200);
        let lines = found["phone_accounts"].as_array().unwrap();
        lines.iter().map(|line| line["status"].as_str().unwrap().to_owned()).collect()
    }
}
