//! What of identity's tables is sealed.

use chassis::resealing::SealedColumn;

use crate::school_people::fingerprint_of;
use crate::school_people::store::PRIVATE;
use crate::signup::store::{OWN, PREFILL};
use crate::tokens::SEALED_AS as SIGNING_KEY;
use crate::users::store::{ADDRESS, CPF, DATE_OF_BIRTH};

/// Every column that is.
pub const SEALED: [SealedColumn; 7] = [
    SealedColumn::new("app_user", "cpf_sealed", CPF)
        .with_fingerprint("cpf_fingerprint", |keyring, cpf| Some(keyring.fingerprint(CPF, cpf))),
    SealedColumn::new("app_user", "date_of_birth_sealed", DATE_OF_BIRTH),
    SealedColumn::new("app_user", "address_sealed", ADDRESS),
    SealedColumn::new("school_person", "private_sealed", PRIVATE)
        .with_fingerprint("human_fingerprint", fingerprint_of),
    SealedColumn::new("signing_key", "private_key_sealed", SIGNING_KEY),
    SealedColumn::new("signup_form", "own_sealed", OWN),
    SealedColumn::new("signup_form", "prefill_sealed", PREFILL),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn every_sealed_column_is_known() {
        let (service, _database) = chassis::testing::service("identity", &MIGRATIONS, vec![]).await;
        chassis::testing::sealing::check(&service, &SEALED).await;
    }
}
