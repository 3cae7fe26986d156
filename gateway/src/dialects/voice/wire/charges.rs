//! Charges and credit.

use proto::billing::v1 as pb;
use proto::common::v1::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::About;
use super::super::rules::Model;
use super::{Reais, seconds};
use crate::body::Input;

/// What the contract calls a charge's members.
pub(in super::super) const CHARGE: Model =
    Model::new("Charge", &[("billingType", "billing_type"), ("dueDate", "due_date")]);

/// How charges are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in super::super) enum BillingType {
    /// By Pix.
    Pix,
    /// By boleto.
    Boleto,
    /// By credit card.
    CreditCard,
    /// As the payer likes.
    Undefined,
}

impl From<pb::BillingType> for BillingType {
    fn from(billing_type: pb::BillingType) -> Self {
        match billing_type {
            pb::BillingType::Pix => Self::Pix,
            pb::BillingType::Boleto => Self::Boleto,
            pb::BillingType::CreditCard => Self::CreditCard,
            pb::BillingType::Undefined | pb::BillingType::Unspecified => Self::Undefined,
        }
    }
}

impl From<BillingType> for pb::BillingType {
    fn from(billing_type: BillingType) -> Self {
        match billing_type {
            BillingType::Pix => Self::Pix,
            BillingType::Boleto => Self::Boleto,
            BillingType::CreditCard => Self::CreditCard,
            BillingType::Undefined => Self::Undefined,
        }
    }
}

/// Where a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = ChargeStatus)]
pub(in super::super) enum Status {
    /// To be paid.
    Pending,
    /// Paid: the credit is there.
    Received,
    /// Its day has passed; it can still be paid.
    Overdue,
    /// Paid back.
    Refunded,
}

impl From<pb::CreditChargeStatus> for Status {
    fn from(status: pb::CreditChargeStatus) -> Self {
        match status {
            pb::CreditChargeStatus::Pending | pb::CreditChargeStatus::Unspecified => Self::Pending,
            pb::CreditChargeStatus::Received => Self::Received,
            pb::CreditChargeStatus::Overdue => Self::Overdue,
            pb::CreditChargeStatus::Refunded => Self::Refunded,
        }
    }
}

/// Money that the account was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Charge {
    /// Its id.
    #[schema(format = Uuid, example = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d")]
    id: String,
    /// Where it is.
    status: Status,
    /// How much, in reais.
    value: Reais,
    /// How it is paid.
    billing_type: BillingType,
    /// Until when.
    #[schema(format = Date, example = "2036-01-31")]
    due_date: String,
    /// Where it can be paid.
    invoice_url: String,
    /// Pix copia e cola; only of PIX and UNDEFINED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pix_copia_e_cola: Option<String>,
    /// As it was given.
    #[schema(example = "Recarga")]
    description: Option<String>,
    /// When it was made.
    #[schema(example = "2021-01-01T00:00:00Z")]
    created_at: String,
}

impl From<pb::CreditCharge> for Charge {
    fn from(charge: pb::CreditCharge) -> Self {
        Self {
            status: charge.status().into(),
            billing_type: charge.billing_type().into(),
            value: Reais(charge.value.unwrap_or_default().cents),
            created_at: seconds(charge.created_at.as_ref()),
            id: charge.id,
            due_date: charge.due_date,
            invoice_url: charge.invoice_url,
            pix_copia_e_cola: charge.pix_copy_paste,
            description: charge.description,
        }
    }
}

/// Money to be asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct ChargeInput {
    /// How much, in reais: 1 to 100,000, with at most two decimals.
    #[schema(required = true, minimum = 1, maximum = 100_000, example = 50)]
    value: Option<Reais>,
    /// How it is to be paid: PIX, BOLETO, CREDIT_CARD, UNDEFINED.
    #[schema(required = true, example = "PIX")]
    billing_type: Option<String>,
    /// Until when, not past in São Paulo; in three days otherwise.
    #[schema(format = Date, nullable)]
    due_date: Option<String>,
    /// What for.
    #[schema(max_length = 500, example = "Recarga")]
    description: Option<String>,
}

impl Input for ChargeInput {
    const REQUIRED: &'static [&'static str] = &["value", "billingType"];
}

impl About for ChargeInput {
    const MODEL: &'static Model = &CHARGE;
}

impl ChargeInput {
    /// How it is to be paid, if that is one of the ways.
    pub(in super::super) fn billing_type(&self) -> Option<BillingType> {
        serde_json::from_value(self.billing_type.clone()?.into()).ok()
    }

    /// The charge of an account.
    pub(in super::super) fn into_request(
        self,
        company_id: String,
        billing_type: BillingType,
    ) -> pb::CreateCreditChargeRequest {
        pb::CreateCreditChargeRequest {
            company_id,
            value: self.value.map(|Reais(cents)| Money { cents }),
            billing_type: pb::BillingType::from(billing_type).into(),
            due_date: self.due_date,
            description: self.description,
        }
    }
}

/// What the account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct Balance {
    /// The HTTP status.
    #[schema(example = "200")]
    status: &'static str,
    /// For people.
    #[schema(example = "seu saldo é de R$ 9,99")]
    message: String,
    /// In reais, as they are written in Brazil.
    #[schema(example = "9,99")]
    balance: String,
}

impl From<pb::GetWalletResponse> for Balance {
    fn from(wallet: pb::GetWalletResponse) -> Self {
        let balance = Reais(wallet.balance.unwrap_or_default().cents).pt_br();
        Self { status: "200", message: format!("seu saldo é de R$ {balance}"), balance }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::body::parse;
    use super::*;

    fn charge(billing_type: pb::BillingType, pix: Option<&str>) -> Value {
        json!(Charge::from(pb::CreditCharge {
            id: "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".to_owned(),
            company_id: "x".to_owned(),
            status: pb::CreditChargeStatus::Overdue.into(),
            value: Some(Money { cents: 5_050 }),
            billing_type: billing_type.into(),
            due_date: "2036-01-31".to_owned(),
            invoice_url: "https://pay.example/0198b1c2".to_owned(),
            pix_copy_paste: pix.map(str::to_owned),
            description: None,
            created_at: Some(prost_types::Timestamp { seconds: 1_609_459_200, nanos: 0 }),
            paid_at: None,
        }))
    }

    #[test]
    fn a_charge_is_told_as_the_contract_says() {
        assert_eq!(
            charge(pb::BillingType::Pix, Some("000201")),
            json!({
                "id": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
                "status": "OVERDUE",
                "value": 50.5,
                "billingType": "PIX",
                "dueDate": "2036-01-31",
                "invoiceUrl": "https://pay.example/0198b1c2",
                "pixCopiaECola": "000201",
                "description": null,
                "createdAt": "2021-01-01T00:00:00Z"
            })
        );
        let card = charge(pb::BillingType::CreditCard, None);
        assert_eq!(card["billingType"], "CREDIT_CARD");
        assert_eq!(card.get("pixCopiaECola"), None);
    }

    #[test]
    fn a_charge_is_asked_for_in_reais() {
        let body = br#"{"value": 100000.00, "billingType": "CREDIT_CARD", "x": 1}"#;
        let given = parse::<ChargeInput>(body).unwrap().0;
        let billing_type = given.billing_type().unwrap();
        let request = given.into_request("a".to_owned(), billing_type);
        assert_eq!(request.value, Some(Money { cents: 10_000_000 }));
        assert_eq!(request.billing_type(), pb::BillingType::CreditCard);
        for wrong in [
            r#"{"value": 1.005, "billingType": "PIX"}"#,
            r#"{"value": "1", "billingType": "PIX"}"#,
            r#"{"value": 1}"#,
            r#"{"value": 1, "billingType": 1}"#,
        ] {
            assert!(parse::<ChargeInput>(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let other = parse::<ChargeInput>(br#"{"value": 1, "billingType": "pix"}"#).unwrap().0;
        assert_eq!(other.billing_type(), None);
    }

    #[test]
    fn the_sample_of_the_balance_is_told_to_the_letter() {
        let wallet =
            |cents| pb::GetWalletResponse { balance: Some(Money { cents }), ..Default::default() };
        assert_eq!(
            json!(Balance::from(wallet(999))),
            json!({"status": "200", "message": "seu saldo é de R$ 9,99", "balance": "9,99"})
        );
        assert_eq!(Balance::from(wallet(123_456)).balance, "1.234,56");
        assert_eq!(Balance::from(wallet(0)).balance, "0,00");
    }
}
