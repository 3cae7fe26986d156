//! Invoices, and the closing of months.

use proto::billing::v1 as billing;
use proto::common::v1::Money;
use serde_json::json;

use super::{at, written};
use crate::dialects::lines::wire::{billing_runs, invoices};

const FEBRUARY_2023: i64 = 1_675_209_600;

fn invoice() -> billing::Invoice {
    billing::Invoice {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        provider: "stripe".to_owned(),
        company_id: "4489fccb-4c3e-4cd6-90c0-6aae84e71edc".to_owned(),
        period: "2023-01".to_owned(),
        items: vec![billing::InvoiceItem {
            description: "Invoice for 1 month of service".to_owned(),
            amount: Some(Money { cents: 1000 }),
            line_id: Some("0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".to_owned()),
        }],
        amount: Some(Money { cents: 1000 }),
        status: billing::InvoiceStatus::Pending.into(),
        due_date: "2023-02-06".to_owned(),
        created_at: at(FEBRUARY_2023),
        paid_at: None,
        payment: None,
    }
}

// Operation 17.

#[test]
fn a_companys_invoices_are_answered() {
    assert_eq!(
        written(invoices::Invoices::from(vec![invoice()])),
        json!({
            "invoices": [{
                "id": "stripe:53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "items": [{
                    "description": "Invoice for 1 month of service",
                    "amountCents": 1000
                }],
                "amountCents": 1000,
                "status": "pending",
                "companyId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
                "createdAt": "2023-02-01T00:00:00Z",
                "dueAt": "2023-02-06T00:00:00Z"
            }]
        })
    );
}

// Not in the documentation.

#[test]
fn one_invoice_is_answered_with_the_ways_to_pay_it() {
    let bare = written(invoices::InvoiceDetails::from(invoice()));
    assert_eq!((&bare["period"], &bare["paidAt"]), (&json!("2023-01"), &json!(null)));
    assert_eq!((&bare["payment"], &bare["amountCents"]), (&json!(null), &json!(1000)));

    let cents = |cents| Some(Money { cents });
    let payment = billing::PaymentOptions {
        principal: cents(1000),
        fine: cents(20),
        interest: cents(3),
        total: cents(1023),
        pix_code: "000201".to_owned(),
        boleto_line: "001".to_owned(),
        boleto_barcode: "0019".to_owned(),
        pix_picture: "<svg/>".to_owned(),
        boleto_picture: "<svg></svg>".to_owned(),
    };
    let late = billing::Invoice {
        payment: Some(payment),
        status: billing::InvoiceStatus::Overdue.into(),
        ..invoice()
    };
    let late = written(invoices::InvoiceDetails::from(late));
    assert_eq!(late["status"], "overdue");
    assert_eq!(
        late["payment"],
        json!({
            "principalCents": 1000,
            "fineCents": 20,
            "interestCents": 3,
            "totalCents": 1023,
            "pixCode": "000201",
            "pixPicture": "<svg/>",
            "boletoLine": "001",
            "boletoBarcode": "0019",
            "boletoPicture": "<svg></svg>"
        })
    );
}

#[test]
fn a_run_is_answered() {
    let run = billing::BillingRun {
        period: "2023-01".to_owned(),
        state: billing::BillingRunState::Running.into(),
        companies_done: 1,
        companies_total: 4,
        lines_done: 10,
        lines_total: 40,
        lines_per_second: 2.5,
        seconds_left: Some(12),
        invoices: 1,
        started_at: at(FEBRUARY_2023),
        finished_at: None,
        companies_failed: 2,
    };
    assert_eq!(
        written(billing_runs::BillingRun::from(run)),
        json!({
            "state": "running",
            "companies_done": 1,
            "companies_failed": 2,
            "companies_total": 4,
            "lines_done": 10,
            "lines_total": 40,
            "lines_per_second": 2.5,
            "seconds_left": 12
        })
    );
}
