//! `WalletService`.

use brazil::{Cents, CompanyId};
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use chassis::{Service, crash, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::wallet_service_server::WalletService;
use proto::common::v1::Money;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, Entry};
use super::{Cause, MINUTES_MAX};
use crate::access::enter_company;
use crate::error::Error;

/// The rpcs.
#[derive(Clone)]
pub(crate) struct Wallets {
    pub(crate) service: Service,
    /// Price of each started minute of a call that begins now.
    pub(crate) minute_price: Cents,
}

#[tonic::async_trait]
impl WalletService for Wallets {
    async fn get_wallet(
        &self,
        request: Request<pb::GetWalletRequest>,
    ) -> Result<Response<pb::GetWalletResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;

        let wallet = store::find(&self.service.db, company_id).await.map_err(Error::Database)?;
        Ok(Response::new(pb::GetWalletResponse {
            balance: money(wallet.balance),
            reserved: money(wallet.reserved),
            debt: money(wallet.debt),
        }))
    }

    async fn list_ledger_entries(
        &self,
        request: Request<pb::ListLedgerEntriesRequest>,
    ) -> Result<Response<pb::ListLedgerEntriesResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        let page = Page::parse(request.get_ref().page.clone())?;
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;

        let db = &self.service.reader(&request).await?;
        let (entries, total) =
            store::entries(db, company_id, &page).await.map_err(Error::Database)?;
        let (entries, page) = page.cut(entries, total, |entry| entry.movement_id);
        let entries = entries.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListLedgerEntriesResponse { entries, page: Some(page) }))
    }

    async fn reserve_call_minute(
        &self,
        request: Request<pb::ReserveCallMinuteRequest>,
    ) -> Result<Response<pb::ReserveCallMinuteResponse>, Status> {
        let pb::ReserveCallMinuteRequest { company_id, call_id, minute } = request.get_ref();
        let mut fields = Fields::new();
        if !(1..=MINUTES_MAX).contains(minute) {
            fields.refuse_as(
                "minute",
                Rule::OutOfRange,
                format!("is not between 1 and {MINUTES_MAX}"),
            );
        }
        let (call, minute) = (parse_call(fields, company_id, call_id)?, *minute);
        let price = self
            .service
            .transaction(|mut tx| {
                Box::pin(async move { self.reserve(&mut tx, call, minute).await })
            })
            .await?;
        crash::point("billing.call.reserved").await;
        Ok(Response::new(pb::ReserveCallMinuteResponse { minute_price: money(price.get()) }))
    }

    async fn settle_call(
        &self,
        request: Request<pb::SettleCallRequest>,
    ) -> Result<Response<pb::SettleCallResponse>, Status> {
        let pb::SettleCallRequest { company_id, call_id, minutes } = request.get_ref();
        let mut fields = Fields::new();
        if *minutes < 0 {
            fields.refuse_as("minutes", Rule::OutOfRange, "is negative");
        }
        let (call, minutes) = (parse_call(fields, company_id, call_id)?, *minutes);
        let (price, cost) = self
            .service
            .transaction(|mut tx| {
                Box::pin(async move { self.settle(&mut tx, call, minutes).await })
            })
            .await?;
        crash::point("billing.call.settled").await;
        Ok(Response::new(pb::SettleCallResponse {
            minute_price: money(price.get()),
            call_price: money(cost.get()),
        }))
    }
}

impl Wallets {
    /// Holds what a call needs up to the end of a minute; returns the price of each.
    pub(super) async fn reserve(
        &self,
        tx: &mut PgConnection,
        call: (CompanyId, Uuid),
        minute: i32,
    ) -> Result<Cents, Error> {
        let (company_id, call_id) = call;
        let reservation = store::lock_reservation(tx, call, self.minute_price).await?;
        if reservation.settled.is_some() {
            return Err(Error::CallSettled(call_id));
        }
        if minute > reservation.minutes {
            store::hold(tx, call, minute).await?;
            // Last, because everybody else who calls at this company's cost waits for it.
            let wallet = store::lock(tx, company_id).await?;
            let wallet = wallet
                .reserve(reservation.missing(minute))
                .ok_or(Error::InsufficientCredits(company_id))?;
            store::save(tx, company_id, wallet).await?;
            crash::point("billing.call.before_reservation").await;
        }
        Ok(reservation.price)
    }

    /// Takes what a call cost and frees the rest; returns the price of a minute and of the call.
    pub(super) async fn settle(
        &self,
        tx: &mut PgConnection,
        call: (CompanyId, Uuid),
        minutes: i32,
    ) -> Result<(Cents, Cents), Error> {
        let (company_id, call_id) = call;
        let reservation = store::lock_reservation(tx, call, Cents::ZERO).await?;
        if let Some(cost) = reservation.settled {
            return Ok((reservation.price, cost));
        }
        let now = self.service.clock.now();
        let cost = reservation.cost(minutes);
        store::settle(tx, call, cost, now).await?;
        if reservation.held() > Cents::ZERO {
            let wallet = store::lock(tx, company_id).await?;
            let (wallet, movement) = wallet.settle(reservation.held(), cost);
            store::save(tx, company_id, wallet).await?;
            if cost > Cents::ZERO {
                let cause = Cause::Call(call_id);
                store::append(tx, company_id, cause, movement, wallet, now).await?;
            }
        }
        crash::point("billing.call.before_settlement").await;
        Ok((reservation.price, cost))
    }
}

fn parse_call(
    mut fields: Fields,
    company_id: &str,
    call_id: &str,
) -> Result<(CompanyId, Uuid), Status> {
    let company_id = fields.required("company_id", company_id);
    let call_id = fields.required("call_id", call_id);
    let (Some(company_id), Some(call_id)) = (company_id, call_id) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok((company_id, call_id))
}

impl From<Entry> for pb::LedgerEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.movement_id.to_string(),
            cause: entry.cause,
            cause_id: entry.cause_id.to_string(),
            amount: money(entry.wallet_cents.get()),
            balance: money(entry.balance_cents.get()),
            created_at: Some(timestamp::to_proto(entry.created_at)),
        }
    }
}

fn money(cents: i64) -> Option<Money> {
    Some(Money { cents })
}

#[cfg(test)]
mod tests;
