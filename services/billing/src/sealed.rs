//! What of billing's tables is sealed.

use chassis::resealing::SealedColumn;

use crate::financial_accounts::store::CONTENT as FINANCIAL_ACCOUNT;
use crate::fiscal_notes::RECIPIENT;
use crate::payment_methods::rpc::SEALED_AS as PAYMENT_TOKEN;

/// Every column that is.
pub const SEALED: [SealedColumn; 3] = [
    SealedColumn::new("financial_account", "content_sealed", FINANCIAL_ACCOUNT),
    SealedColumn::new("fiscal_note", "recipient_sealed", RECIPIENT),
    SealedColumn::new("payment_method", "token_sealed", PAYMENT_TOKEN),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn every_sealed_column_is_known() {
        let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
        chassis::testing::sealing::check(&service, &SEALED).await;
    }
}
