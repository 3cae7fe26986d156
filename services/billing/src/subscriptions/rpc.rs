//! `SubscriptionService`.

use brazil::{CompanyId, InvoiceId};
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use chassis::{Service, organizations};
use proto::billing::v1 as pb;
use proto::billing::v1::subscription_service_server::SubscriptionService;
use proto::common::v1::{PageResponse, Permission};
use tonic::{Request, Response, Status as Refusal};
use uuid::Uuid;

use super::store::{self, invoices};
use super::{Status, Subscription, SubscriptionId};
use crate::error::Error;
use crate::refusals::{self, subscription_not_found};

const BATCH_MAX: usize = 200;

/// The rpcs.
pub(crate) struct Subscriptions {
    pub(crate) service: Service,
    /// How long an invoice may be paid, in days.
    pub(crate) due_days: i64,
}

#[tonic::async_trait]
impl SubscriptionService for Subscriptions {
    async fn list_subscriptions(
        &self,
        request: Request<pb::ListSubscriptionsRequest>,
    ) -> Result<Response<pb::ListSubscriptionsResponse>, Refusal> {
        let scope = Caller::of(&request)?.scope();
        let page = Page::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, &scope.company_ids, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListSubscriptionsResponse {
            subscriptions: found.into_iter().map(Into::into).collect(),
            page: whole(total),
        }))
    }

    async fn get_subscription(
        &self,
        request: Request<pb::GetSubscriptionRequest>,
    ) -> Result<Response<pb::GetSubscriptionResponse>, Refusal> {
        let found = self.readable(&request, &request.get_ref().subscription_id).await?;
        Ok(Response::new(pb::GetSubscriptionResponse { subscription: Some(found.into()) }))
    }

    async fn create_subscription(
        &self,
        request: Request<pb::CreateSubscriptionRequest>,
    ) -> Result<Response<pb::CreateSubscriptionResponse>, Refusal> {
        self.create(request).await
    }

    async fn cancel_subscription(
        &self,
        request: Request<pb::CancelSubscriptionRequest>,
    ) -> Result<Response<pb::CancelSubscriptionResponse>, Refusal> {
        let caller = Caller::of(&request)?;
        let absent = subscription_not_found;
        let id: SubscriptionId = request.get_ref().subscription_id.parse().map_err(|_| absent())?;
        let found = self.located(caller, id, absent).await?;
        self.permitted(caller, &found).await?;
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut subscription = store::lock(&mut tx, id).await?;
                    if subscription.status == Status::Canceled {
                        return Err(refusals::subscription_canceled().into());
                    }
                    subscription.status = Status::Canceled;
                    subscription.updated_at = now;
                    store::save(&mut tx, &subscription).await?;
                    let subscription = Some(subscription.into());
                    Ok::<_, Error>(pb::CancelSubscriptionResponse { subscription })
                })
            })
            .await
    }

    async fn apply_coupon(
        &self,
        request: Request<pb::ApplyCouponRequest>,
    ) -> Result<Response<pb::ApplyCouponResponse>, Refusal> {
        self.apply(request).await
    }

    async fn clear_coupon(
        &self,
        request: Request<pb::ClearCouponRequest>,
    ) -> Result<Response<pb::ClearCouponResponse>, Refusal> {
        self.clear(request).await
    }

    async fn list_subscription_invoices(
        &self,
        request: Request<pb::ListSubscriptionInvoicesRequest>,
    ) -> Result<Response<pb::ListSubscriptionInvoicesResponse>, Refusal> {
        let page = Page::parse(request.get_ref().page.clone())?;
        let found = self.readable(&request, &request.get_ref().subscription_id).await?;
        let db = &self.service.reader(&request).await?;
        let listed = invoices::list(db, found.subscription_id, &page).await;
        let (found, total) = listed.map_err(Error::from)?;
        Ok(Response::new(pb::ListSubscriptionInvoicesResponse {
            invoices: found.into_iter().map(Into::into).collect(),
            page: whole(total),
        }))
    }

    async fn get_subscription_invoice(
        &self,
        request: Request<pb::GetSubscriptionInvoiceRequest>,
    ) -> Result<Response<pb::GetSubscriptionInvoiceResponse>, Refusal> {
        let subscription = self.readable(&request, &request.get_ref().subscription_id).await?;
        let absent = refusals::invoice_not_found;
        let invoice_id: InvoiceId = request.get_ref().invoice_id.parse().map_err(|_| absent())?;
        let db = &self.service.db;
        let found = invoices::find(db, subscription.subscription_id, invoice_id).await;
        let invoice = Some(found.map_err(Error::from)?.ok_or_else(absent)?.into());
        Ok(Response::new(pb::GetSubscriptionInvoiceResponse { invoice }))
    }

    async fn list_subscription_products(
        &self,
        request: Request<pb::ListSubscriptionProductsRequest>,
    ) -> Result<Response<pb::ListSubscriptionProductsResponse>, Refusal> {
        let db = &self.service.reader(&request).await?;
        let products = store::products(db).await.map_err(Error::from)?;
        let products = products.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListSubscriptionProductsResponse { products }))
    }

    async fn batch_get_organization_accounts(
        &self,
        request: Request<pb::BatchGetOrganizationAccountsRequest>,
    ) -> Result<Response<pb::BatchGetOrganizationAccountsResponse>, Refusal> {
        let caller = Caller::of(&request)?;
        let (scope, managed) = (caller.scope(), caller.scope_of(Permission::OrganizationsManage));
        let given = &request.get_ref().company_ids;
        let mut fields = Fields::new();
        if given.len() > BATCH_MAX {
            let message = format!("has more than {BATCH_MAX} ids");
            fields.refuse_as("company_ids", Rule::TooLong, message);
        }
        let asked: Vec<Uuid> = given
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required::<CompanyId>("company_ids", id))
            .filter(|id| scope.reaches(*id))
            .map(Uuid::from)
            .collect();
        fields.check()?;
        let found = store::accounts(&self.service.db, &asked).await.map_err(Error::from)?;
        let accounts = found.into_iter().map(|mut account| {
            account.customer_id =
                account.customer_id.filter(|_| managed.reaches(CompanyId(account.company_id)));
            account.into()
        });
        let accounts = accounts.collect();
        Ok(Response::new(pb::BatchGetOrganizationAccountsResponse { accounts }))
    }

    async fn put_subscription_product(
        &self,
        request: Request<pb::PutSubscriptionProductRequest>,
    ) -> Result<Response<pb::PutSubscriptionProductResponse>, Refusal> {
        self.put_product(request).await
    }

    async fn create_coupon(
        &self,
        request: Request<pb::CreateCouponRequest>,
    ) -> Result<Response<pb::CreateCouponResponse>, Refusal> {
        self.make_coupon(request).await
    }

    async fn set_manual_billing(
        &self,
        request: Request<pb::SetManualBillingRequest>,
    ) -> Result<Response<pb::SetManualBillingResponse>, Refusal> {
        self.set_by_hand(request).await
    }

    async fn activate_subscription(
        &self,
        request: Request<pb::ActivateSubscriptionRequest>,
    ) -> Result<Response<pb::ActivateSubscriptionResponse>, Refusal> {
        self.activate(request).await
    }
}

impl Subscriptions {
    async fn readable<T>(
        &self,
        request: &Request<T>,
        subscription_id: &str,
    ) -> Result<Subscription, Refusal> {
        let caller = Caller::of(request)?;
        let absent = subscription_not_found;
        let id = subscription_id.parse().map_err(|_| absent())?;
        let found = self.located(caller, id, absent).await?;
        caller.enter(found.company_id, absent())?;
        Ok(found)
    }

    /// A subscription of one of the caller's organizations.
    pub(super) async fn located(
        &self,
        caller: &Caller,
        subscription_id: SubscriptionId,
        absent: impl Fn() -> Refusal,
    ) -> Result<Subscription, Refusal> {
        let found = store::find(&self.service.db, subscription_id).await.map_err(Error::from)?;
        let found = found.ok_or_else(&absent)?;
        match caller.enter(found.company_id, absent()) {
            Err(error) if error.code() != tonic::Code::PermissionDenied => Err(error),
            _ => Ok(found),
        }
    }

    /// Lets somebody go on who is to change a subscription.
    pub(super) async fn permitted(
        &self,
        caller: &Caller,
        found: &Subscription,
    ) -> Result<(), Refusal> {
        caller.enter(found.company_id, subscription_not_found())?;
        let organization = organizations::of_company(&self.service, found.company_id).await?;
        organizations::permit(caller, &organization.ok_or_else(subscription_not_found)?)
    }
}

fn whole(total_size: i64) -> Option<PageResponse> {
    Some(PageResponse { next_page_token: String::new(), total_size })
}
