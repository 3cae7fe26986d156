//! What calls cost, as billing says.

use brazil::{Cents, CompanyId};
use chassis::Service;
use chassis::refusal::{Refusal, upstream};
use proto::billing::v1::wallet_service_client::WalletServiceClient;
use proto::billing::v1::{ReserveCallMinuteRequest, SettleCallRequest};
use tonic::{Code, Status};

use super::Call;
use crate::switch::CallId;

/// What became of a wish for credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    /// It is reserved, at this price of a minute.
    Reserved(Cents),
    /// The wallet has not enough.
    Insufficient,
    /// The call was settled before.
    Settled,
}

/// Reserves the price of a call up to and including a minute.
///
/// # Errors
/// UNAVAILABLE while billing does not answer.
pub(super) async fn reserve(service: &Service, call: &Call, minute: i32) -> Result<Credit, Status> {
    let request = ReserveCallMinuteRequest {
        company_id: call.company_id.to_string(),
        call_id: call.call_id.to_string(),
        minute,
    };
    match WalletServiceClient::new(service.billing.clone()).reserve_call_minute(request).await {
        Ok(answer) => {
            let price = answer.into_inner().minute_price.unwrap_or_default().cents;
            Ok(Credit::Reserved(Cents::new(price)))
        }
        Err(status) if status.code() == Code::FailedPrecondition => {
            match Refusal::of(&status).reason.as_str() {
                "INSUFFICIENT_CREDITS" => Ok(Credit::Insufficient),
                "CALL_SETTLED" => Ok(Credit::Settled),
                _ => Err(upstream(status)),
            }
        }
        Err(status) => Err(upstream(status)),
    }
}

/// Charges a call, and frees what else is reserved for it; tells what it cost.
///
/// # Errors
/// UNAVAILABLE while billing does not answer.
pub(super) async fn settle(
    service: &Service,
    company_id: CompanyId,
    call_id: CallId,
    minutes: i32,
) -> Result<Cents, Status> {
    let (company_id, call_id) = (company_id.to_string(), call_id.to_string());
    let request = SettleCallRequest { company_id, call_id, minutes };
    let answer = WalletServiceClient::new(service.billing.clone())
        .settle_call(request)
        .await
        .map_err(upstream)?;
    Ok(Cents::new(answer.into_inner().call_price.unwrap_or_default().cents))
}
