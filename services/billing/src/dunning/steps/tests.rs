use brazil::InvoiceId;
use postgres_local::testing::TestDatabase;
use time::macros::date;

use super::*;
use crate::MIGRATIONS;
use crate::testing::{IN_TIME, invoice, letters, status};

struct Office {
    dunning: Dunning,
    company_id: CompanyId,
    _database: TestDatabase,
}

impl Office {
    async fn new() -> Self {
        let names =
            ["InvoiceOverdue", "NonPaymentSuspended", "NonPaymentCleared", "NonPaymentTerminated"];
        let heard = names.map(|name| ("telecom", format!("linha.events.v1.{name}"))).to_vec();
        let (service, database) = chassis::testing::service("billing", &MIGRATIONS, heard).await;
        service.clock.set(IN_TIME).unwrap();
        let dunning = Dunning { service, terms: Terms::default() };
        Self { dunning, company_id: CompanyId::generate(), _database: database }
    }

    fn service(&self) -> &Service {
        &self.dunning.service
    }

    async fn owe(&self, period: time::Date) -> InvoiceId {
        let db = &self.service().db;
        let invoice_id = invoice(db, self.company_id, period).await;
        sqlx::query(
            "insert into collection (invoice_id, company_id, overdue_at) values ($1, $2, $3)",
        )
        .bind(invoice_id.0)
        .bind(self.company_id.0)
        .bind(IN_TIME + time::Duration::MINUTE)
        .execute(db)
        .await
        .unwrap();
        invoice_id
    }

    async fn pay(&self, invoice_id: InvoiceId) {
        let mut tx = self.service().db.begin().await.unwrap();
        sqlx::query("update invoice set status = 'paid', paid_at = now() where invoice_id = $1")
            .bind(invoice_id.0)
            .execute(&mut *tx)
            .await
            .unwrap();
        let now = self.service().clock.now();
        self.dunning.paid(&mut tx, self.company_id, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn pass(&self, days: i64) {
        self.service().clock.advance(time::Duration::days(days)).unwrap();
        self.sweep().await;
    }

    async fn sweep(&self) {
        self.dunning.note_overdue().await.unwrap();
        self.dunning.review_all().await.unwrap();
    }

    async fn state(&self) -> State {
        let found = store::find(&self.service().db, self.company_id).await.unwrap();
        found.map_or(State::Good, |standing| standing.state)
    }

    async fn letters(&self) -> Vec<String> {
        letters(&self.service().db, self.company_id).await
    }

    async fn events(&self) -> i64 {
        self.service().outbox.waiting().await.unwrap()
    }
}

const NOVEMBER: time::Date = date!(2036 - 11 - 01);
const OCTOBER: time::Date = date!(2036 - 10 - 01);

#[tokio::test]
async fn not_paying_ends_in_termination_one_step_after_the_other() {
    let office = Office::new().await;
    let invoice_id = office.owe(NOVEMBER).await;
    office.sweep().await;
    assert_eq!(office.state().await, State::Good);
    office.pass(1).await;
    assert_eq!(status(&office.service().db, invoice_id).await, "overdue");
    assert_eq!((office.state().await, office.events().await), (State::Noticed, 1));
    office.pass(14).await;
    assert_eq!(office.state().await, State::Noticed);
    office.owe(OCTOBER).await;
    office.pass(1).await;
    assert_eq!((office.state().await, office.events().await), (State::Suspended, 2));
    office.pass(59).await;
    assert_eq!(office.state().await, State::Suspended);
    office.pass(1).await;
    office.sweep().await;
    assert_eq!((office.state().await, office.events().await), (State::Terminated, 3));
    let told = ["Your invoice is overdue", "Your lines are suspended", "Your lines have ended"];
    assert_eq!(office.letters().await, told);
}

#[tokio::test]
async fn paying_everything_restores_and_paying_a_part_does_not() {
    let office = Office::new().await;
    let (first, second) = (office.owe(NOVEMBER).await, office.owe(OCTOBER).await);
    office.pass(1).await;
    office.pass(15).await;
    assert_eq!(office.state().await, State::Suspended);
    office.pay(first).await;
    assert_eq!(office.state().await, State::Suspended);
    office.pay(second).await;
    assert_eq!((office.state().await, office.events().await), (State::Good, 3));
    assert_eq!(office.letters().await.last().unwrap(), "Your lines are restored");
    office.pass(100).await;
    assert_eq!(office.events().await, 3);
}

#[tokio::test]
async fn a_jump_over_months_takes_one_step_only() {
    let office = Office::new().await;
    office.owe(NOVEMBER).await;
    office.pass(300).await;
    assert_eq!(office.state().await, State::Noticed);
    office.pass(300).await;
    assert_eq!(office.state().await, State::Suspended);
}

#[tokio::test]
async fn two_replicas_take_a_step_once() {
    let office = Office::new().await;
    office.owe(NOVEMBER).await;
    office.service().clock.advance(time::Duration::DAY).unwrap();
    futures::future::join_all((0..4).map(|_| office.sweep())).await;
    assert_eq!((office.state().await, office.events().await), (State::Noticed, 1));
    assert_eq!(office.letters().await.len(), 1);
}
