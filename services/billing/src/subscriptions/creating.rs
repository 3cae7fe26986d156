//! How a subscription begins.

use brazil::local_date;
use chassis::auth::Caller;
use chassis::organizations;
use chassis::refusal::{Fields, Rule};
use proto::billing::v1 as pb;
use tonic::{Code, Request, Response, Status as Refusal};
use uuid::Uuid;

use super::rpc::Subscriptions;
use super::{
    COUPON_KEY, METADATA_MAX, Metadata, Product, ProductKind, Rhythm, SEATS_MAX, Status,
    Subscription, SubscriptionId, renewing, store,
};
use crate::error::Error;
use crate::payment_methods::{self, PaymentMethodId};
use crate::refusals::reference_not_found;

const KEY_MAX: usize = 100;
const VALUE_MAX: usize = 500;
const CODES_MAX: usize = 50;

impl Subscriptions {
    /// Answers CreateSubscription.
    pub(super) async fn create(
        &self,
        request: Request<pb::CreateSubscriptionRequest>,
    ) -> Result<Response<pb::CreateSubscriptionResponse>, Refusal> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let service = &self.service;
        let mut fields = Fields::new();
        if given.organization_id.is_empty() {
            fields.refuse_as("organization_id", Rule::Required, "is required");
        }
        let is_named = !given.organization_id.is_empty();
        let located = organizations::locate(service, caller, &given.organization_id).await;
        let organization = located.map_err(|error| match error.code() {
            Code::NotFound if is_named => reference_not_found("organization_id"),
            _ => error,
        })?;
        let address_id = self.address(&organization, &mut fields, &given.address_id)?;
        let payment_method_id =
            self.payment_method(&organization, given.payment_method_id.as_deref()).await?;
        organizations::permit(caller, &organization)?;

        let catalogue = store::products(&service.db).await.map_err(Error::from)?;
        let catalogue = &catalogue;
        let rhythm: Option<Rhythm> = fields.required_by("type", &given.r#type, |_| Rule::NotOneOf);
        if given.products.is_empty() {
            fields.refuse_as("products", Rule::Required, "is required");
        }
        let products =
            codes(&mut fields, "products", &given.products, catalogue, ProductKind::Product);
        let modules = codes(&mut fields, "modules", &given.modules, catalogue, ProductKind::Module);
        let seats = given.seats.unwrap_or(1);
        if !(1..=SEATS_MAX).contains(&seats) {
            let message = format!("is out of range: 1 to {SEATS_MAX}");
            fields.refuse_as("seats", Rule::OutOfRange, message);
        }
        let metadata = notes(&mut fields, &given.metadata);
        let (Some(rhythm), Some(address_id)) = (rhythm, address_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let now = service.clock.now();
        let subscription = &Subscription {
            subscription_id: SubscriptionId::generate(),
            company_id: organization.company_id,
            organization_id: organization.organization_id,
            address_id,
            rhythm,
            payment_method_id,
            products,
            modules,
            seats: i32::try_from(seats).unwrap_or(i32::MAX),
            status: Status::Awaiting,
            external_id: None,
            metadata,
            coupon: None,
            begun_on: local_date(now),
            invoices: 0,
            created_at: now,
            updated_at: now,
        };
        let due_days = self.due_days;
        service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut subscription = subscription.clone();
                    store::insert(&mut tx, &subscription).await?;
                    renewing::issue_next(&mut tx, &mut subscription, catalogue, due_days, now)
                        .await?;
                    store::save(&mut tx, &subscription).await?;
                    let subscription = Some(subscription.into());
                    Ok::<_, Error>(pb::CreateSubscriptionResponse { subscription })
                })
            })
            .await
    }

    fn address(
        &self,
        organization: &organizations::Organization,
        fields: &mut Fields,
        address_id: &str,
    ) -> Result<Option<Uuid>, Refusal> {
        if address_id.is_empty() {
            fields.refuse_as("address_id", Rule::Required, "is required");
            return Ok(None);
        }
        let known = address_id.parse().ok().filter(|id| organization.address_ids.contains(id));
        known.map(Some).ok_or_else(|| reference_not_found("address_id"))
    }

    async fn payment_method(
        &self,
        organization: &organizations::Organization,
        given: Option<&str>,
    ) -> Result<Option<PaymentMethodId>, Refusal> {
        let Some(id) = given else { return Ok(None) };
        let absent = || reference_not_found("payment_method_id");
        let id: PaymentMethodId = id.parse().map_err(|_| absent())?;
        let found = payment_methods::store::find(&self.service.db, id).await;
        let found = found.map_err(Error::from)?;
        let is_theirs = found.is_some_and(|found| found.company_id == organization.company_id);
        if is_theirs { Ok(Some(id)) } else { Err(absent()) }
    }
}

/// Codes of things of a kind, each once.
fn codes(
    fields: &mut Fields,
    field: &str,
    given: &[String],
    catalogue: &[Product],
    kind: ProductKind,
) -> Vec<String> {
    let is_known = |code: &String| {
        catalogue.iter().any(|product| product.kind == kind && product.code == *code)
    };
    if given.len() > CODES_MAX || !given.iter().all(is_known) {
        fields.refuse_as(field, Rule::NotOneOf, "names what is not in the catalogue");
    }
    let mut codes: Vec<String> = Vec::new();
    for code in given.iter().take(CODES_MAX) {
        if !codes.contains(code) {
            codes.push(code.clone());
        }
    }
    codes
}

fn notes(fields: &mut Fields, given: &[pb::SubscriptionMetadata]) -> Vec<Metadata> {
    if given.len() > METADATA_MAX {
        let message = format!("has more than {METADATA_MAX} entries");
        fields.refuse_as("metadata", Rule::OutOfRange, message);
        return vec![];
    }
    let mut notes = Vec::new();
    for (place, note) in given.iter().enumerate() {
        let key = fields.text(&format!("metadata[{place}].key"), &note.key, 1, KEY_MAX);
        let value = fields.text(&format!("metadata[{place}].value"), &note.value, 0, VALUE_MAX);
        if key.as_deref() == Some(COUPON_KEY) {
            let field = format!("metadata[{place}].key");
            fields.refuse(&field, "is what an applied coupon is called");
        }
        if let (Some(key), Some(value)) = (key, value) {
            notes.push(Metadata { key, value });
        }
    }
    notes
}
