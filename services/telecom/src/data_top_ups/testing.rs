//! What the tests of top-ups have in common.

use brazil::{Cents, LineId};
use chassis::Service;

use super::{Price, TopUp, TopUpId, store};
use crate::lines::Lines;
use crate::testing::{cause, new_line, service, stock};

/// A line that is to be given data.
pub(super) struct Stage {
    pub(super) lines: Lines,
    pub(super) line_id: LineId,
}

impl Stage {
    pub(super) async fn new() -> (Self, impl Sized) {
        let (service, database) = service().await;
        let new = &new_line();
        stock(&service, new.area_code, 1).await;
        let lines = Lines::new(service, "americanet".into());
        let order = lines.service().transaction(|mut tx| {
            let lines = &lines;
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause()).await })
        });
        order.await.unwrap();
        (Self { line_id: new.line_id, lines }, database)
    }

    pub(super) fn service(&self) -> &Service {
        self.lines.service()
    }

    pub(super) async fn become_active(&self) {
        sqlx::query("update line set status = 'active', activated_at = now() where line_id = $1")
            .bind(self.line_id.0)
            .execute(&self.service().db)
            .await
            .unwrap();
    }

    pub(super) async fn top_up(&self) -> TopUp {
        let top_up = TopUp {
            top_up_id: TopUpId::generate(),
            line_id: self.line_id,
            company_id: None,
            user_id: None,
            price: Price::new(2_500, Cents::new(999)).unwrap(),
            created_at: self.service().clock.now(),
        };
        let mut connection = self.service().db.acquire().await.unwrap();
        store::insert(&mut connection, &top_up).await.unwrap();
        top_up
    }

    /// What the timeline tells about data.
    pub(super) async fn told(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select action
               from timeline_entry
              where line_id = $1 and action like 'data%'
              order by entry_id",
        )
        .bind(self.line_id.0)
        .fetch_all(&self.service().db)
        .await
        .unwrap()
    }

    /// How many times the carrier is to be asked.
    pub(super) async fn jobs(&self) -> i64 {
        sqlx::query_scalar(
            "select count(*) from telecom_jobs.jobs where task_identifier = 'give_data'",
        )
        .fetch_one(&self.service().db)
        .await
        .unwrap()
    }
}
