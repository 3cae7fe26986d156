//! What of telecom's tables is sealed.

use chassis::resealing::SealedColumn;

use crate::extensions::SECRET_CONTEXT;
use crate::parcels::melhor_envio::tokens::{ACCESS_TOKEN, REFRESH_TOKEN};
use crate::portability::DOCUMENT_CONTEXT;

/// Every column that is.
pub const SEALED: [SealedColumn; 4] = [
    SealedColumn::new("extension", "secret_sealed", SECRET_CONTEXT),
    SealedColumn::new("parcel_carrier_token", "access_token_sealed", ACCESS_TOKEN),
    SealedColumn::new("parcel_carrier_token", "refresh_token_sealed", REFRESH_TOKEN),
    SealedColumn::new("port_in", "document_sealed", DOCUMENT_CONTEXT),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn every_sealed_column_is_known() {
        let (service, _database) = chassis::testing::service("telecom", &MIGRATIONS, vec![]).await;
        chassis::testing::sealing::check(&service, &SEALED).await;
    }
}
