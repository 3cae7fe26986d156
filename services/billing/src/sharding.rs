//! Billing's tables can be spread over machines by company; see deploy/kubernetes/README.md.

use chassis::testing::sharding::{Exceptions, check};

use crate::MIGRATIONS;

const EXCEPTIONS: Exceptions = Exceptions {
    tables: &[
        ("billing_run", "one row a month, on one machine"),
        ("coupon", "made by the operator, on every machine"),
        ("coupon_attempt", "tries of a caller within a minute, on one machine"),
        ("fiscal_series", "documents are numbered without gaps for all companies, on one machine"),
        ("plan", "the catalogue, on every machine"),
        ("subscription_product", "the catalogue, on every machine"),
    ],
    keys: &[
        ("billing_run_pkey", "on one machine"),
        ("coupon_attempt_pkey", "on one machine"),
        ("coupon_pkey", "made by the operator, on every machine"),
        ("fiscal_note_number", "the series' row is locked while a number is given"),
        ("fiscal_series_pkey", "on one machine"),
        ("payment_notice_pkey", "the provider's own id, about one invoice and so of one company"),
        ("plan_name", "the catalogue, on every machine"),
        ("subscription_invoice_number_key", "numbers come of one sequence"),
        ("subscription_payment_pkey", "the provider's own id, about one invoice"),
        ("subscription_product_pkey", "the catalogue, on every machine"),
    ],
};

#[tokio::test]
async fn every_unique_key_is_held_by_one_machine() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    check(&service, &EXCEPTIONS).await;
}
