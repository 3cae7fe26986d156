//! What can be subscribed to, and who looks after payments by hand: the operator's affair.

use brazil::Cents;
use chassis::auth::Caller;
use chassis::organizations;
use chassis::refusal::{Fields, Rule};
use proto::billing::v1 as pb;
use tonic::{Request, Response, Status as Refusal};

use super::rpc::Subscriptions;
use super::{Per, Product, ProductKind, Status, Turn, store};
use crate::error::Error;
use crate::refusals;

const CODE_MAX: usize = 40;
const NAME_MAX: usize = 200;
const AMOUNT_MAX: i64 = 1_000_000_000;

impl Subscriptions {
    /// Answers PutSubscriptionProduct.
    pub(super) async fn put_product(
        &self,
        request: Request<pb::PutSubscriptionProductRequest>,
    ) -> Result<Response<pb::PutSubscriptionProductResponse>, Refusal> {
        let product = &parse(&request.get_ref().product.clone().unwrap_or_default())?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::put_product(&mut tx, product).await?;
                    let product = Some(product.clone().into());
                    Ok::<_, Error>(pb::PutSubscriptionProductResponse { product })
                })
            })
            .await
    }

    /// Answers SetManualBilling.
    pub(super) async fn set_by_hand(
        &self,
        request: Request<pb::SetManualBillingRequest>,
    ) -> Result<Response<pb::SetManualBillingResponse>, Refusal> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let organization =
            organizations::locate(&self.service, caller, &given.organization_id).await?;
        let (company_id, by_hand) = (organization.company_id, given.manual_billing);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::set_manual_billing(&mut tx, company_id, by_hand).await?;
                    Ok::<_, Error>(pb::SetManualBillingResponse {})
                })
            })
            .await
    }

    /// Answers ActivateSubscription.
    pub(super) async fn activate(
        &self,
        request: Request<pb::ActivateSubscriptionRequest>,
    ) -> Result<Response<pb::ActivateSubscriptionResponse>, Refusal> {
        let absent = refusals::subscription_not_found;
        let id = request.get_ref().subscription_id.parse().map_err(|_| absent())?;
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut subscription = store::lock(&mut tx, id).await?;
                    if subscription.status == Status::Canceled {
                        return Err(refusals::subscription_canceled().into());
                    }
                    if !store::is_billed_by_hand(&mut tx, subscription.company_id).await? {
                        return Err(refusals::not_billed_by_hand().into());
                    }
                    subscription.status = subscription.status.after(Turn::Activated);
                    subscription.updated_at = now;
                    store::save(&mut tx, &subscription).await?;
                    let subscription = Some(subscription.into());
                    Ok::<_, Error>(pb::ActivateSubscriptionResponse { subscription })
                })
            })
            .await
    }
}

fn parse(given: &pb::SubscriptionProduct) -> Result<Product, Refusal> {
    let mut fields = Fields::new();
    let code = fields.text("product.code", &given.code, 1, CODE_MAX).filter(|code| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_code = code.chars().all(is_plain);
        if !is_code {
            let message = "has other characters than a-z, 0-9 and hyphens";
            fields.refuse_as("product.code", Rule::Format, message);
        }
        is_code
    });
    let name = fields.text("product.name", &given.name, 1, NAME_MAX);
    let kind = match given.kind() {
        pb::SubscriptionProductKind::Product => Some(ProductKind::Product),
        pb::SubscriptionProductKind::Module => Some(ProductKind::Module),
        pb::SubscriptionProductKind::Unspecified => None,
    };
    let per = match given.per() {
        pb::SubscriptionPriceUnit::Seat => Some(Per::Seat),
        pb::SubscriptionPriceUnit::Organization => Some(Per::Organization),
        pb::SubscriptionPriceUnit::Unspecified => None,
    };
    for (field, is_given) in [("product.kind", kind.is_some()), ("product.per", per.is_some())] {
        if !is_given {
            fields.refuse_as(field, Rule::Required, "is required");
        }
    }
    let cents = given.amount_net.unwrap_or_default().cents;
    if !(0..=AMOUNT_MAX).contains(&cents) {
        let message = format!("is out of range: 0 to {AMOUNT_MAX} cents");
        fields.refuse_as("product.amount_net", Rule::OutOfRange, message);
    }
    let (Some(code), Some(name), Some(kind), Some(per)) = (code, name, kind, per) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok(Product { code, kind, name, amount: Cents::new(cents), per })
}

#[cfg(test)]
mod tests;
