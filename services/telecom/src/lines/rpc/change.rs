//! The one road of everything that managers change about a line.

use brazil::{AreaCode, CompanyId, LineId, PlanId};
use chassis::auth::Caller;
use proto::telecom::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::{by, lock_managed};
use crate::error::Error;
use crate::lines::{Cause, Line, Lines};
use crate::neighbours::Person;
use crate::sim_cards::SimCardName;

/// What is to become of a line.
pub(super) enum Change {
    /// Its company pays for it.
    Approve,
    /// It has a card, and had none before.
    FirstSimCard(SimCardName),
    /// It has this card, whichever it had before.
    SimCard(SimCardName),
    Plan(PlanId),
    Company(CompanyId),
    User(Person),
    Tag(Option<String>),
    /// It has a new number: of this area, else of its own.
    Number(Option<AreaCode>),
    /// It ends, for a reason in the caller's words.
    End(Option<String>),
}

impl Lines {
    /// Makes a change to a line whose company's lines the caller manages, once for each
    /// idempotency key; `answer` puts the changed line into the rpc's message.
    pub(super) async fn change<Req, Res>(
        &self,
        request: &Request<Req>,
        line_id: LineId,
        change: Change,
        answer: fn(Option<pb::Line>) -> Res,
    ) -> Result<Response<Res>, Status>
    where
        Req: prost::Message,
        Res: prost::Message + Default,
    {
        let (caller, change) = (Caller::of(request)?, &change);
        self.service
            .once(request, |mut tx| {
                Box::pin(async move {
                    let line = lock_managed(&mut tx, line_id, caller).await?;
                    let cause = by(caller, &line);
                    let line = self.make(&mut tx, line, change, cause).await?;
                    Ok::<_, Error>(answer(Some(line.into())))
                })
            })
            .await
    }

    async fn make(
        &self,
        tx: &mut PgConnection,
        line: Line,
        change: &Change,
        cause: Cause,
    ) -> Result<Line, Error> {
        match change {
            Change::Approve => self.approve(tx, line, &cause).await,
            Change::FirstSimCard(card) => self.put_sim_card(tx, line, card, &cause).await,
            Change::SimCard(card) => self.change_sim_card(tx, line, card, &cause).await,
            Change::Plan(plan_id) => self.change_plan(tx, line, *plan_id, &cause).await,
            Change::Company(company_id) => self.change_company(tx, line, *company_id, &cause).await,
            Change::User(person) => self.attribute_user(tx, line, *person, &cause).await,
            Change::Tag(tag) => self.set_tag(tx, line, tag.clone(), &cause).await,
            Change::Number(area_code) => self.provision_number(tx, line, *area_code, &cause).await,
            Change::End(reason) => {
                let cause = Cause::new(cause.actor, reason.clone());
                self.cancel(tx, line, &cause).await
            }
        }
    }
}
