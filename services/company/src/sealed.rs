//! What of company's tables is sealed.

use chassis::resealing::SealedColumn;

use crate::employees::{BIRTH_DATE, CPF};
use crate::schools::import::SEALED_AS as SCHOOL_IMPORT_ROW;
use crate::webhooks::delivery::SECRET as WEBHOOK_SECRET;

/// Every column that is.
pub const SEALED: [SealedColumn; 5] = [
    SealedColumn::new("employee", "cpf_sealed", CPF)
        .with_fingerprint("cpf_fingerprint", |keyring, cpf| Some(keyring.fingerprint(CPF, cpf))),
    SealedColumn::new("employee", "birth_date_sealed", BIRTH_DATE),
    SealedColumn::new("webhook_endpoint", "secret_sealed", WEBHOOK_SECRET),
    SealedColumn::new("webhook_endpoint", "previous_secret_sealed", WEBHOOK_SECRET),
    SealedColumn::new("school_import_row", "row_sealed", SCHOOL_IMPORT_ROW),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn every_sealed_column_is_known() {
        let (service, _database) = chassis::testing::service("company", &MIGRATIONS, vec![]).await;
        chassis::testing::sealing::check(&service, &SEALED).await;
    }
}
