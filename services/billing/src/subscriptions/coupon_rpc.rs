//! Coupons on subscriptions.

use std::time::Duration;

use brazil::Cents;
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule, invalid_as};
use chassis::{organizations, timestamp};
use proto::billing::v1 as pb;
use tonic::{Request, Response, Status as Refusal};

use super::rpc::Subscriptions;
use super::{Status, Subscription, SubscriptionId, store};
use crate::coupons::{self, Coupon, CouponCode, Discount, TRIES_MAX};
use crate::error::Error;
use crate::refusals;

const AMOUNT_MAX: i64 = 1_000_000_000_000;

impl Subscriptions {
    /// Answers ApplyCoupon.
    pub(super) async fn apply(
        &self,
        request: Request<pb::ApplyCouponRequest>,
    ) -> Result<Response<pb::ApplyCouponResponse>, Refusal> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let named = given.subscription_id.as_deref();
        let subscription_id = match self.meant(caller, &given.organization_id, named).await {
            Err(gone) if refusals::forbidden_by_state(&gone) => {
                return self.service.earlier(&request).await?.ok_or(gone);
            }
            meant => meant?,
        };
        if given.coupon.is_empty() {
            return Err(invalid_as("coupon", Rule::Required, "is required"));
        }
        // A repeat is no other try.
        if let Some(earlier) = self.service.earlier(&request).await? {
            return Ok(earlier);
        }
        self.count_try(caller).await?;
        let code = &given.coupon.parse::<CouponCode>().map_err(|_| refusals::coupon_invalid())?;
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut subscription = store::lock(&mut tx, subscription_id).await?;
                    if subscription.status == Status::Canceled {
                        return Err(refusals::subscription_canceled().into());
                    }
                    let known = coupons::store::lock(&mut tx, code).await?;
                    if !known.is_some_and(|(coupon, uses)| coupon.is_good(now, uses)) {
                        return Err(refusals::coupon_invalid().into());
                    }
                    if subscription.coupon.is_some() {
                        return Err(refusals::coupon_applied().into());
                    }
                    let company_id = subscription.company_id;
                    coupons::store::redeem(&mut tx, code, company_id, subscription_id, now).await?;
                    subscription.coupon = Some(code.to_string());
                    subscription.updated_at = now;
                    store::save(&mut tx, &subscription).await?;
                    let subscription = Some(subscription.into());
                    Ok::<_, Error>(pb::ApplyCouponResponse { subscription })
                })
            })
            .await
    }

    /// Answers ClearCoupon.
    pub(super) async fn clear(
        &self,
        request: Request<pb::ClearCouponRequest>,
    ) -> Result<Response<pb::ClearCouponResponse>, Refusal> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let named = given.subscription_id.as_deref();
        let subscription_id = match self.meant(caller, &given.organization_id, named).await {
            Err(gone) if refusals::forbidden_by_state(&gone) => {
                return self.service.earlier(&request).await?.ok_or(gone);
            }
            meant => meant?,
        };
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut subscription = store::lock(&mut tx, subscription_id).await?;
                    if subscription.coupon.take().is_some() {
                        subscription.updated_at = now;
                        store::save(&mut tx, &subscription).await?;
                    }
                    let subscription = Some(subscription.into());
                    Ok::<_, Error>(pb::ClearCouponResponse { subscription })
                })
            })
            .await
    }

    /// Answers CreateCoupon.
    pub(super) async fn make_coupon(
        &self,
        request: Request<pb::CreateCouponRequest>,
    ) -> Result<Response<pb::CreateCouponResponse>, Refusal> {
        let now = self.service.clock.now();
        let coupon = &parse(request.get_ref(), now)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    coupons::store::insert(&mut tx, coupon, now).await?;
                    Ok::<_, Error>(pb::CreateCouponResponse { code: coupon.code.to_string() })
                })
            })
            .await
    }

    /// The subscription that is named, or else the current one of the organization, if the caller
    /// may change it.
    async fn meant(
        &self,
        caller: &Caller,
        organization_id: &str,
        subscription_id: Option<&str>,
    ) -> Result<SubscriptionId, Refusal> {
        if let Some(id) = subscription_id {
            let absent = || refusals::reference_not_found("subscription_id");
            let id: SubscriptionId = id.parse().map_err(|_| absent())?;
            let found: Subscription = self.located(caller, id, absent).await?;
            self.permitted(caller, &found).await?;
            return Ok(id);
        }
        let organization = organizations::writable(&self.service, caller, organization_id).await?;
        let current = store::current(&self.service.db, organization.company_id).await;
        let current = current.map_err(Error::from)?.ok_or_else(refusals::no_subscription)?;
        Ok(current.subscription_id)
    }

    /// Counts a try, whatever becomes of it.
    async fn count_try(&self, caller: &Caller) -> Result<(), Refusal> {
        let (who, now) = (&caller.key(), self.service.clock.now());
        let (count, pause) = self
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    coupons::store::forget_tries(&mut tx, now).await?;
                    Ok::<_, Error>(coupons::store::count_try(&mut tx, who, now).await?)
                })
            })
            .await?;
        if count <= TRIES_MAX {
            return Ok(());
        }
        let pause = Duration::try_from(pause).unwrap_or_default();
        Err(refusals::too_many_coupons(pause))
    }
}

fn parse(given: &pb::CreateCouponRequest, now: time::OffsetDateTime) -> Result<Coupon, Refusal> {
    let mut fields = Fields::new();
    let code: Option<CouponCode> = fields.required("code", &given.code);
    let percent = given.percent.and_then(|percent| u8::try_from(percent).ok());
    let amount = given.amount.map(|money| money.cents);
    let discount = match (given.percent, percent, amount) {
        (Some(_), Some(percent @ 1..=100), None) => Some(Discount::Percent(percent)),
        (None, None, Some(cents @ 1..=AMOUNT_MAX)) => Some(Discount::Amount(Cents::new(cents))),
        _ => {
            let message = "is needed, from 1 to 100, or else an amount";
            fields.refuse_as("percent", Rule::OutOfRange, message);
            None
        }
    };
    let valid_from = timestamp::parse(&mut fields, "valid_from", given.valid_from.as_ref());
    let valid_from = valid_from.unwrap_or(now);
    let valid_until = timestamp::parse(&mut fields, "valid_until", given.valid_until.as_ref());
    if valid_until.is_none_or(|until| until <= valid_from) {
        fields.refuse_as("valid_until", Rule::OutOfRange, "is needed, after the beginning");
    }
    if given.uses_max < 1 {
        fields.refuse_as("uses_max", Rule::OutOfRange, "is out of range: at least 1");
    }
    let (Some(code), Some(discount), Some(valid_until)) = (code, discount, valid_until) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok(Coupon { code, discount, valid_from, valid_until, uses_max: given.uses_max })
}
