//! Requests for numbers from beginning to end, with the simulator and a real database.

mod misfortunes;
mod random;
mod roads;

use std::sync::Arc;

use brazil::{AreaCode, CompanyId, LineId, MobileNumber};
use chassis::Service;
use chassis::jobs::Job;
use prost::Name;
use proto::events::v1::{LineNumberChanged, PortInChanged};
use sqlx::types::Json;
use time::macros::datetime;

use super::tasks::DOCUMENT_CONTEXT;
use super::*;
use crate::error::Error;
use crate::lines::{Lines, NewLine};
use crate::testing::{new_line, stock};
use crate::timeline::Actor;

pub(crate) struct Setting {
    pub(crate) portability: Portability,
    administrator: AdministratorSimulator,
    pub(crate) service: Service,
}

/// A Monday, with no holiday near.
const MONDAY: OffsetDateTime = datetime!(2099-03-02 14:00 UTC);

pub(crate) async fn setting() -> (Setting, impl Sized) {
    let subscriptions =
        vec![("company", PortInChanged::full_name()), ("company", LineNumberChanged::full_name())];
    let (service, database) =
        chassis::testing::service("telecom", &crate::MIGRATIONS, subscriptions).await;
    service.clock.set(MONDAY).unwrap();
    stock(&service, crate::testing::area(), 100).await;
    let administrator = AdministratorSimulator::new(service.clock.clone());
    let (port, sms) = (Arc::new(administrator.clone()), Arc::new(administrator.clone()));
    let lines = Lines::new(service.clone(), "americanet".into());
    let config = PortabilityConfig::default();
    let portability = Portability::new(lines, port, sms, &config);
    (Setting { portability, administrator, service }, database)
}

pub(crate) fn number(index: u32) -> MobileNumber {
    let area: AreaCode = crate::testing::area();
    MobileNumber::from_parts(area, 987_000_000 + index).unwrap()
}

fn say(saying: Saying) -> PlannedEvent {
    PlannedEvent::new(saying)
}

fn lost(saying: Saying) -> PlannedEvent {
    PlannedEvent { lose: true, ..say(saying) }
}

impl Setting {
    /// An active line with a number of the stock.
    pub(crate) async fn line(&self, company: bool) -> LineId {
        let company_id = company.then(CompanyId::generate);
        let new = &NewLine { company_id, ..new_line() };
        let lines = &self.portability.lines;
        let order = self.service.transaction(|mut tx| {
            let cause = Actor::service("test").into();
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause).await })
        });
        order.await.unwrap();
        sqlx::query("update line set status = 'active', activated_at = $2 where line_id = $1")
            .bind(new.line_id.0)
            .bind(self.service.clock.now())
            .execute(&self.service.db)
            .await
            .unwrap();
        new.line_id
    }

    async fn request(
        &self,
        line_id: LineId,
        number: &MobileNumber,
        number_holder: Option<HolderKind>,
    ) -> Result<PortIn, Error> {
        let portability = &self.portability;
        let keyring = &self.service.keyring;
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let line = portability.lines.lock(&mut tx, line_id).await?;
                    let new = NewPortIn {
                        line_id,
                        owner: line.owner(),
                        company_id: line.company_id(),
                        user_id: line.user_id(),
                        number: number.clone(),
                        document_sealed: keyring.seal_text(DOCUMENT_CONTEXT, "111.444.777-35"),
                    };
                    let actor = Actor::service("test");
                    portability.request(&mut tx, &line, new, number_holder, &actor).await
                })
            })
            .await
    }

    pub(crate) async fn requested(&self, line_id: LineId, number: &MobileNumber) -> PortIn {
        let port_in = self.request(line_id, number, None).await.unwrap();
        self.settle().await;
        port_in
    }

    async fn cancel(&self, line_id: LineId) -> Result<PortIn, Error> {
        let portability = &self.portability;
        let cancelled = self.service.transaction(|mut tx| {
            let actor = Actor::service("test");
            Box::pin(async move { portability.cancel(&mut tx, line_id, &actor).await })
        });
        cancelled.await
    }

    async fn pass(&self, duration: time::Duration) {
        self.service.clock.advance(duration).unwrap();
        self.settle().await;
    }

    async fn inject(&self, number: &MobileNumber, saying: Saying) {
        assert!(self.administrator.inject(number, saying));
        self.settle().await;
    }

    /// Does all that is due, and what comes of it.
    async fn settle(&self) {
        while self.run_errands().await
            | self.portability.take_in_messages().await.unwrap()
            | self.portability.end_periods().await.unwrap()
        {}
    }

    /// Runs what waits in the queue, those too that wait for another attempt.
    async fn run_errands(&self) -> bool {
        let waiting: Vec<(i64, Json<serde_json::Value>)> = sqlx::query_as(
            "select id, payload from telecom_jobs._private_jobs
              where payload::text like '%errand%' order by id",
        )
        .fetch_all(&self.service.db)
        .await
        .unwrap();
        for (id, Json(payload)) in &waiting {
            sqlx::query("delete from telecom_jobs._private_jobs where id = $1")
                .bind(id)
                .execute(&self.service.db)
                .await
                .unwrap();
            let errand: RunErrand = serde_json::from_value(payload["job"].clone()).unwrap();
            errand.run(self.portability.clone()).await.unwrap();
        }
        !waiting.is_empty()
    }

    async fn port_in(&self, line_id: LineId) -> PortIn {
        store::newest_of_line(&self.service.db, line_id).await.unwrap().unwrap()
    }

    async fn status(&self, line_id: LineId) -> Status {
        self.port_in(line_id).await.status
    }

    /// Number of the line, and whether it was ported in.
    async fn number_of(&self, line_id: LineId) -> (String, bool) {
        sqlx::query_as("select phone_number, is_portability from line where line_id = $1")
            .bind(line_id.0)
            .fetch_one(&self.service.db)
            .await
            .unwrap()
    }

    /// The statuses that were told of a line's requests, in order.
    async fn told(&self, line_id: LineId) -> Vec<String> {
        self.events::<PortInChanged>(line_id)
            .await
            .into_iter()
            .map(|changed| changed.status)
            .collect()
    }

    async fn events<M: prost::Message + Name + Default>(&self, line_id: LineId) -> Vec<M> {
        crate::testing::events(&self.service, line_id).await
    }
}
