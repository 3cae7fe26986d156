//! `CreditChargeService`.

use brazil::{Cents, CompanyId, local_date};
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use chassis::{Service, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::credit_charge_service_server::CreditChargeService;
use proto::common::v1::Money;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use tonic::{Code, Request, Response};

use super::{CreditCharge, DESCRIPTION_MAX, DUE_AFTER, Status, VALUE_MAX, VALUE_MIN, store};
use crate::access::enter_company;
use crate::error::Error;
use crate::financial_accounts::{self, FinancialAccount};
use crate::payments::{BillingType, CreditChargeId, Payee};

/// The rpcs.
pub(crate) struct CreditCharges {
    pub(crate) service: Service,
    /// To whom charges are paid.
    pub(crate) payee: Payee,
    /// Where charges can be paid: the id of one is added.
    pub(crate) pages: String,
}

#[tonic::async_trait]
impl CreditChargeService for CreditCharges {
    async fn get_financial_account(
        &self,
        request: Request<pb::GetFinancialAccountRequest>,
    ) -> Result<Response<pb::GetFinancialAccountResponse>, tonic::Status> {
        let company_id = self.enter(&request, &request.get_ref().company_id).await?;
        let Service { db, keyring, .. } = &self.service;
        let account = financial_accounts::store::find(db, keyring, company_id).await?;
        Ok(Response::new(pb::GetFinancialAccountResponse { account: Some(account.into()) }))
    }

    async fn create_financial_account(
        &self,
        request: Request<pb::CreateFinancialAccountRequest>,
    ) -> Result<Response<pb::CreateFinancialAccountResponse>, tonic::Status> {
        let company_id = self.enter(&request, &request.get_ref().company_id).await?;
        let account = &parse_account(request.get_ref().account.as_ref())?;
        let Service { keyring, clock, .. } = &self.service;
        let now = clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    financial_accounts::store::insert(&mut tx, keyring, company_id, account, now)
                        .await?;
                    let account = Some(account.clone().into());
                    Ok::<_, Error>(pb::CreateFinancialAccountResponse { account })
                })
            })
            .await
    }

    async fn replace_financial_account(
        &self,
        request: Request<pb::ReplaceFinancialAccountRequest>,
    ) -> Result<Response<pb::ReplaceFinancialAccountResponse>, tonic::Status> {
        let company_id = self.enter(&request, &request.get_ref().company_id).await?;
        let Service { db, keyring, clock, .. } = &self.service;
        // Whether there is anything to change comes before what is wrong with the change.
        if !financial_accounts::store::exists(db, company_id).await.map_err(Error::Database)? {
            return Err(Error::FinancialAccountNotFound(company_id).into());
        }
        let account = &parse_account(request.get_ref().account.as_ref())?;
        let now = clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    financial_accounts::store::replace(&mut tx, keyring, company_id, account, now)
                        .await?;
                    let account = Some(account.clone().into());
                    Ok::<_, Error>(pb::ReplaceFinancialAccountResponse { account })
                })
            })
            .await
    }

    async fn create_credit_charge(
        &self,
        request: Request<pb::CreateCreditChargeRequest>,
    ) -> Result<Response<pb::CreateCreditChargeResponse>, tonic::Status> {
        let company_id = self.enter(&request, &request.get_ref().company_id).await?;
        let charge = &self.new_charge(company_id, request.get_ref())?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !financial_accounts::store::exists(&mut *tx, company_id).await? {
                        return Err(Error::FinancialAccountRequired(company_id));
                    }
                    store::insert(&mut tx, charge).await?;
                    let charge = Some(self.told(charge.clone()));
                    Ok(pb::CreateCreditChargeResponse { charge })
                })
            })
            .await
    }

    async fn get_credit_charge(
        &self,
        request: Request<pb::GetCreditChargeRequest>,
    ) -> Result<Response<pb::GetCreditChargeResponse>, tonic::Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let charge_id = fields.required("charge_id", &request.get_ref().charge_id);
        let (Some(company_id), Some(charge_id)) = (company_id, charge_id) else {
            return Err(fields.into_status());
        };
        // Whether it is there is told before whether the caller may read it.
        let denied = match self.enter(&request, &request.get_ref().company_id).await {
            Err(status) if status.code() == Code::PermissionDenied => Some(status),
            entered => entered.map(|_| None)?,
        };
        let charge = store::find(&self.service.db, company_id, charge_id)
            .await
            .map_err(Error::Database)?
            .ok_or(Error::CreditChargeNotFound(charge_id))?;
        denied.map_or(Ok(()), Err)?;
        Ok(Response::new(pb::GetCreditChargeResponse { charge: Some(self.told(charge)) }))
    }

    async fn list_credit_charges(
        &self,
        request: Request<pb::ListCreditChargesRequest>,
    ) -> Result<Response<pb::ListCreditChargesResponse>, tonic::Status> {
        let company_id = self.enter(&request, &request.get_ref().company_id).await?;
        let page = Page::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let (charges, total) = store::list(db, company_id, &page).await.map_err(Error::Database)?;
        let (charges, page) = page.cut(charges, total, |charge| charge.charge_id.0);
        let charges = charges.into_iter().map(|charge| self.told(charge)).collect();
        Ok(Response::new(pb::ListCreditChargesResponse { charges, page: Some(page) }))
    }
}

impl CreditCharges {
    /// The company that a request names, if its caller may go on with it.
    async fn enter<T: Sync>(
        &self,
        request: &Request<T>,
        company_id: &str,
    ) -> Result<CompanyId, tonic::Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        enter_company(&self.service, Caller::of(request)?, company_id).await?;
        Ok(company_id)
    }

    fn new_charge(
        &self,
        company_id: CompanyId,
        request: &pb::CreateCreditChargeRequest,
    ) -> Result<CreditCharge, tonic::Status> {
        let now = self.service.clock.now();
        let mut fields = Fields::new();
        let value = value(&mut fields, request.value);
        let billing_type = billing_type(&mut fields, request.billing_type());
        let due_date = due_date(&mut fields, request.due_date.as_deref(), now);
        let description =
            fields.optional_text("description", request.description.as_deref(), DESCRIPTION_MAX);
        let (Some(value), Some(billing_type), Some(due_date)) = (value, billing_type, due_date)
        else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let charge_id = CreditChargeId::generate();
        let pix = billing_type.takes_pix().then(|| self.payee.pix(charge_id.0, value));
        let pix = pix.transpose().map_err(|error| Error::Payee(error.into()))?;
        Ok(CreditCharge {
            charge_id,
            company_id,
            status: Status::Pending,
            value,
            billing_type,
            due_date,
            description,
            pix_code: pix.map(|pix| pix.to_string()),
            created_at: now,
            paid_at: None,
        })
    }

    fn told(&self, charge: CreditCharge) -> pb::CreditCharge {
        let status = match charge.status {
            Status::Pending => pb::CreditChargeStatus::Pending,
            Status::Received => pb::CreditChargeStatus::Received,
            Status::Overdue => pb::CreditChargeStatus::Overdue,
            Status::Refunded => pb::CreditChargeStatus::Refunded,
        };
        let billing_type = match charge.billing_type {
            BillingType::Pix => pb::BillingType::Pix,
            BillingType::Boleto => pb::BillingType::Boleto,
            BillingType::CreditCard => pb::BillingType::CreditCard,
            BillingType::Undefined => pb::BillingType::Undefined,
        };
        pb::CreditCharge {
            id: charge.charge_id.to_string(),
            company_id: charge.company_id.to_string(),
            status: status.into(),
            value: Some(Money { cents: charge.value.get() }),
            billing_type: billing_type.into(),
            due_date: charge.due_date.to_string(),
            invoice_url: format!("{}{}", self.pages, charge.charge_id),
            pix_copy_paste: charge.pix_code,
            description: charge.description,
            created_at: Some(timestamp::to_proto(charge.created_at)),
            paid_at: charge.paid_at.map(timestamp::to_proto),
        }
    }
}

fn parse_account(given: Option<&pb::FinancialAccount>) -> Result<FinancialAccount, tonic::Status> {
    let mut fields = Fields::new();
    let account = FinancialAccount::parse(&mut fields, given.unwrap_or(&Default::default()));
    let Some(account) = account else { return Err(fields.into_status()) };
    fields.check()?;
    Ok(account)
}

fn value(fields: &mut Fields, given: Option<Money>) -> Option<Cents> {
    let Some(Money { cents }) = given else {
        fields.refuse_as("value", Rule::Required, "is required");
        return None;
    };
    if !(VALUE_MIN..=VALUE_MAX).contains(&cents) {
        let (min, max) = (Cents::new(VALUE_MIN), Cents::new(VALUE_MAX));
        fields.refuse_as("value", Rule::OutOfRange, format!("is not between {min} and {max}"));
        return None;
    }
    Some(Cents::new(cents))
}

fn billing_type(fields: &mut Fields, given: pb::BillingType) -> Option<BillingType> {
    match given {
        pb::BillingType::Pix => Some(BillingType::Pix),
        pb::BillingType::Boleto => Some(BillingType::Boleto),
        pb::BillingType::CreditCard => Some(BillingType::CreditCard),
        pb::BillingType::Undefined => Some(BillingType::Undefined),
        pb::BillingType::Unspecified => {
            fields.refuse_as("billing_type", Rule::Required, "is required");
            None
        }
    }
}

fn due_date(fields: &mut Fields, given: Option<&str>, now: OffsetDateTime) -> Option<Date> {
    const FIELD: &str = "due_date";
    let today = local_date(now);
    let Some(given) = given else { return today.checked_add(DUE_AFTER) };
    let format = format_description!("[year]-[month]-[day]");
    // A year has four digits and no sign.
    let date = Date::parse(given, format).ok().filter(|_| given.len() == "2036-01-01".len());
    match date {
        None => fields.refuse_as(FIELD, Rule::Format, "is not a date such as 2036-01-31"),
        Some(date) if date < today => fields.refuse(FIELD, "has passed"),
        Some(date) => return Some(date),
    }
    None
}

#[cfg(test)]
mod tests;
