//! SIM cards over gRPC.

use brazil::CompanyId;
use chassis::auth::Caller;
use chassis::neighbours::{company_exists, is_no_company};
use chassis::page::Page;
use chassis::refusal::{Fields, internal, invalid};
use chassis::{Service, holds};
use proto::telecom::v1 as pb;
use tonic::{Request, Response, Status};

use super::{BATCH_MAX, Delivery, Origin, Rejection, SimCard, store};
use crate::error::Error;

const NAME_LENGTH_MAX: usize = 50;

/// Answers AddSimCards. `provider_default` is the carrier of cards whose request names none.
pub(crate) async fn add_sim_cards(
    service: &Service,
    provider_default: &str,
    request: Request<pb::AddSimCardsRequest>,
) -> Result<Response<pb::AddSimCardsResponse>, Status> {
    let input = request.get_ref();
    let mut fields = Fields::new();
    let company_id: Option<CompanyId> = fields.required("company_id", &input.company_id);
    let mut name = |field, text| fields.optional_text(field, Some(text), NAME_LENGTH_MAX);
    let provider = name("provider", &input.provider);
    let service_provider = name("service_provider", &input.service_provider);
    let batch = name("batch", &input.batch);
    if !(1..=BATCH_MAX).contains(&input.iccids.len()) {
        fields.refuse("iccids", "has 1 to 10,000 items");
    }
    if let Some(company_id) = company_id
        && !company_exists(service, company_id).await?
    {
        fields.refuse("company_id", "is not a company");
    }
    let Some(company_id) = company_id else { return Err(fields.into_status()) };
    fields.check()?;

    let origin = Origin {
        provider: provider.as_deref().unwrap_or(provider_default),
        service_provider: service_provider.as_deref(),
        batch: batch.as_deref(),
    };
    let delivery = &Delivery::read(&input.iccids);
    service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let good = delivery.good();
                let now = service.clock.now();
                if !holds::admit(&mut tx, company_id).await? {
                    return Err(Error::CompanyHeld(company_id));
                }
                let refused = store::add(&mut tx, company_id, origin, &good, now).await?;
                let created = good.len() - refused.len();
                let rejected = delivery
                    .rejected(|iccid| refused.get(iccid).copied())
                    .into_iter()
                    .map(|(iccid, rejection)| pb::RejectedSimCard {
                        iccid,
                        reason: pb::SimCardRejection::from(rejection).into(),
                    })
                    .collect();
                Ok::<_, Error>(pb::AddSimCardsResponse {
                    created: i64::try_from(created).unwrap_or(i64::MAX),
                    rejected,
                })
            })
        })
        .await
}

/// Answers ListSimCards.
pub(crate) async fn list_sim_cards(
    service: &Service,
    request: Request<pb::ListSimCardsRequest>,
) -> Result<Response<pb::ListSimCardsResponse>, Status> {
    let caller = Caller::of(&request)?;
    let company_id: CompanyId = request
        .get_ref()
        .company_id
        .parse()
        .map_err(|error: brazil::InvalidId| invalid("company_id", error.to_string()))?;
    let absent = || Status::from(Error::CompanyNotFound(company_id));
    caller.enter(company_id, absent())?;
    let page = Page::<String>::parse(request.get_ref().page.clone())?;
    let db = &service.reader(&request).await?;
    let (cards, total) =
        store::list(db, company_id, &page).await.map_err(|error| internal(&error))?;
    if total == 0 && is_no_company(service, caller, company_id).await? {
        return Err(absent());
    }
    let (cards, page) = page.cut(cards, total, |card| card.iccid.to_string());
    let sim_cards = cards.into_iter().map(pb::SimCard::from).collect();
    Ok(Response::new(pb::ListSimCardsResponse { sim_cards, page: Some(page) }))
}

impl From<SimCard> for pb::SimCard {
    fn from(card: SimCard) -> Self {
        Self {
            iccid: card.iccid.to_string(),
            status: pb::SimCardStatus::from(card.status).into(),
            line_id: card.line_id.map(|id| id.to_string()),
        }
    }
}

impl From<super::Status> for pb::SimCardStatus {
    fn from(status: super::Status) -> Self {
        match status {
            super::Status::Available => Self::Available,
            super::Status::InUse => Self::InUse,
            super::Status::Retired => Self::Retired,
        }
    }
}

impl From<Rejection> for pb::SimCardRejection {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Invalid => Self::InvalidIccid,
            Rejection::Duplicate => Self::DuplicateIccid,
            Rejection::OtherCompany => Self::OtherCompany,
        }
    }
}
