//! `BillingRunService`.

use chassis::Service;
use chassis::refusal::{Fields, invalid};
use chassis::timestamp;
use proto::billing::v1 as pb;
use proto::billing::v1::billing_run_service_server::BillingRunService;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::{BillingRun, RunBilling, store};
use crate::error::Error;
use crate::line_charges;
use crate::period::Period;

/// The rpcs.
pub(crate) struct BillingRuns {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl BillingRunService for BillingRuns {
    async fn start_billing_run(
        &self,
        request: Request<pb::StartBillingRunRequest>,
    ) -> Result<Response<pb::StartBillingRunResponse>, Status> {
        let now = self.service.clock.now();
        let ended = Period::ended_by(now);
        let given = request.get_ref().period.as_str();
        let period = if given.is_empty() { ended } else { parse(given)? };
        if period > ended {
            return Err(invalid("period", "is a month that has not ended"));
        }
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    line_charges::lock_closing(&mut tx).await?;
                    store::begin(&mut tx, period, now).await?;
                    let run = store::find(&mut *tx, period).await?;
                    let run = run.ok_or(Error::BillingRunNotFound(period))?;
                    if run.finished_at.is_none() {
                        RunBilling::enqueue(&mut tx, &self.service, period).await?;
                    }
                    Ok::<_, Error>(pb::StartBillingRunResponse { run: Some(run.at(now)) })
                })
            })
            .await
    }

    async fn get_billing_run(
        &self,
        request: Request<pb::GetBillingRunRequest>,
    ) -> Result<Response<pb::GetBillingRunResponse>, Status> {
        let period = parse(&request.get_ref().period)?;
        let run = store::find(&self.service.db, period).await.map_err(Error::Database)?;
        let run = run.ok_or(Error::BillingRunNotFound(period))?;
        let run = Some(run.at(self.service.clock.now()));
        Ok(Response::new(pb::GetBillingRunResponse { run }))
    }
}

fn parse(period: &str) -> Result<Period, Status> {
    let mut fields = Fields::new();
    fields.required("period", period).ok_or_else(|| fields.into_status())
}

impl BillingRun {
    fn at(&self, now: OffsetDateTime) -> pb::BillingRun {
        let state = match self.finished_at {
            None => pb::BillingRunState::Running,
            Some(_) => pb::BillingRunState::Done,
        };
        pb::BillingRun {
            period: self.period.to_string(),
            state: state.into(),
            companies_done: self.companies_done,
            companies_total: self.companies_total,
            lines_done: self.lines_done,
            lines_total: self.lines_total,
            lines_per_second: self.lines_per_second(now),
            seconds_left: self.seconds_left(now),
            invoices: self.invoices,
            started_at: Some(timestamp::to_proto(self.started_at)),
            finished_at: self.finished_at.map(timestamp::to_proto),
            companies_failed: self.companies_failed,
        }
    }
}

#[cfg(test)]
mod tests;
