//! `PaymentMethodService`.

use brazil::CompanyId;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use chassis::{Service, organizations, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::payment_method_service_server::PaymentMethodService;
use proto::common::v1::PageResponse;
use tonic::{Request, Response, Status};

use super::{Kind, PaymentMethod, PaymentMethodId, looks_like_a_card, store};
use crate::error::Error;
use crate::refusals::payment_method_not_found;

const LABEL_MAX: usize = 100;
const TOKEN_MAX: usize = 255;
pub(crate) const SEALED_AS: &str = "billing.payment_method.token";

/// The rpcs.
pub(crate) struct PaymentMethods {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl PaymentMethodService for PaymentMethods {
    async fn list_payment_methods(
        &self,
        request: Request<pb::ListPaymentMethodsRequest>,
    ) -> Result<Response<pb::ListPaymentMethodsResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let page = Page::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, &scope.company_ids, &page).await;
        let (found, total_size) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListPaymentMethodsResponse {
            payment_methods: found.into_iter().map(Into::into).collect(),
            page: Some(PageResponse { next_page_token: String::new(), total_size }),
        }))
    }

    async fn get_payment_method(
        &self,
        request: Request<pb::GetPaymentMethodRequest>,
    ) -> Result<Response<pb::GetPaymentMethodResponse>, Status> {
        let absent = payment_method_not_found;
        let id: PaymentMethodId =
            request.get_ref().payment_method_id.parse().map_err(|_| absent())?;
        let found = store::find(&self.service.db, id).await.map_err(Error::from)?;
        let found = found.ok_or_else(absent)?;
        Caller::of(&request)?.enter(found.company_id, absent())?;
        let payment_method = Some(found.into());
        Ok(Response::new(pb::GetPaymentMethodResponse { payment_method }))
    }

    async fn create_payment_method(
        &self,
        request: Request<pb::CreatePaymentMethodRequest>,
    ) -> Result<Response<pb::CreatePaymentMethodResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let organization =
            organizations::writable(&self.service, caller, &given.organization_id).await?;
        let (company_id, organization_id) = (organization.company_id, organization.organization_id);
        let (method, token) = self.parse(given, company_id, organization_id)?;
        let sealed = token.map(|token| self.service.keyring.seal_text(SEALED_AS, &token));
        let (method, sealed) = (&method, sealed.as_deref());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, method, sealed).await?;
                    let payment_method = Some(method.clone().into());
                    Ok::<_, Error>(pb::CreatePaymentMethodResponse { payment_method })
                })
            })
            .await
    }
}

impl PaymentMethods {
    fn parse(
        &self,
        given: &pb::CreatePaymentMethodRequest,
        company_id: CompanyId,
        organization_id: String,
    ) -> Result<(PaymentMethod, Option<String>), Status> {
        let mut fields = Fields::new();
        let kind: Option<Kind> = fields.required_by("type", &given.r#type, |_| Rule::NotOneOf);
        let label = fields.optional_text("label", given.label.as_deref(), LABEL_MAX);
        let token =
            fields.optional_text("provider_token", given.provider_token.as_deref(), TOKEN_MAX);
        if kind == Some(Kind::Card)
            && given.provider_token.as_deref().unwrap_or_default().is_empty()
        {
            fields.refuse_as("provider_token", Rule::Required, "is required");
        }
        for (field, text) in [("label", &label), ("provider_token", &token)] {
            if text.as_deref().is_some_and(looks_like_a_card) {
                fields.refuse(field, "is a card's number, which is never taken");
            }
        }
        let Some(kind) = kind else { return Err(fields.into_status()) };
        fields.check()?;
        let method = PaymentMethod {
            payment_method_id: PaymentMethodId::generate(),
            company_id,
            organization_id,
            kind,
            label,
            created_at: self.service.clock.now(),
        };
        Ok((method, token))
    }
}

impl From<PaymentMethod> for pb::PaymentMethod {
    fn from(method: PaymentMethod) -> Self {
        Self {
            id: method.payment_method_id.to_string(),
            organization_id: method.organization_id,
            r#type: method.kind.name().to_owned(),
            label: method.label,
            created_at: Some(timestamp::to_proto(method.created_at)),
        }
    }
}
