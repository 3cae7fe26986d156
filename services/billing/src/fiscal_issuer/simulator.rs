//! A fiscal issuer in memory, that behaves badly on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chassis::simulator::{Desk, Failure, Hold, ScriptStep};
use serde::Deserialize;

use super::{Authorization, FiscalDocument, FiscalIssuer, FiscalIssuerError};
use crate::fiscal_notes::{FiscalModel, FiscalNoteId, FiscalSeries};

const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CODE_LENGTH: u32 = 8;
const PROTOCOLS: u128 = 1_000_000_000_000_000;

/// What an issuer can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FiscalOperation {
    /// Have a document authorized.
    #[serde(alias = "issue")]
    Authorize,
}

/// Model, series and number: no two documents share them.
type Place = (FiscalModel, FiscalSeries, i64);

/// A fiscal issuer in memory. Clones are one issuer.
#[derive(Clone, Debug, Default)]
pub struct FiscalIssuerSimulator {
    desk: Desk<FiscalOperation>,
    authorized: Arc<Mutex<HashMap<Place, FiscalNoteId>>>,
}

impl FiscalIssuerSimulator {
    /// An issuer that authorizes what it gets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<FiscalOperation>>) {
        self.desk.script(steps);
    }

    /// How many documents it authorized.
    pub fn authorized(&self) -> usize {
        self.documents().len()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        self.desk.hold().await
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        self.desk.asked(requests).await;
    }

    fn take(&self, document: &FiscalDocument) -> Result<Authorization, FiscalIssuerError> {
        let FiscalDocument { note_id, model, series, number, .. } = *document;
        let first = *self.documents().entry((model, series, number)).or_insert(note_id);
        if first != note_id {
            return Err(FiscalIssuerError::Refused("the number is used already".to_owned()));
        }
        Ok(authorization(note_id, model))
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<Place, FiscalNoteId>> {
        self.authorized.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows from the document, so that it is the same after the simulator itself was away.
fn authorization(note_id: FiscalNoteId, model: FiscalModel) -> Authorization {
    let id = note_id.0.as_u128();
    match model {
        FiscalModel::Nfse => {
            let letter = |index| char::from(CODE_LETTERS[(id >> (5 * index) & 31) as usize]);
            Authorization {
                code: (0..CODE_LENGTH).map(letter).collect(),
                access_key: Some(format!("{id:050}")),
            }
        }
        FiscalModel::Nfcom => {
            Authorization { code: format!("{:015}", id % PROTOCOLS), access_key: None }
        }
    }
}

#[tonic::async_trait]
impl FiscalIssuer for FiscalIssuerSimulator {
    async fn authorize(
        &self,
        document: FiscalDocument,
    ) -> Result<Authorization, FiscalIssuerError> {
        self.desk.answer(FiscalOperation::Authorize, || self.take(&document)).await
    }
}

impl From<Failure> for FiscalIssuerError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self::Refused(reason),
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use brazil::Cents;
    use chassis::simulator::Script;
    use time::OffsetDateTime;

    use super::*;
    use crate::fiscal_notes::{Recipient, Taxpayer};

    fn document(model: FiscalModel, number: i64) -> FiscalDocument {
        FiscalDocument {
            note_id: FiscalNoteId::generate(),
            issuer: "11222333000181".parse().unwrap(),
            model,
            series: "1".parse().unwrap(),
            number,
            access_key: None,
            recipient: Recipient {
                name: "Ana".to_owned(),
                taxpayer: Taxpayer::Cpf("11144477735".parse().unwrap()),
                email: "ana@example.com".parse().unwrap(),
                address: None,
            },
            amount: Cents::new(1),
            issued_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn asked_again_it_says_what_it_said() {
        let issuer = FiscalIssuerSimulator::new();
        let script = r#"{"next": [{"operation": "issue", "outcome": "lose-answer"}]}"#;
        issuer.script(serde_json::from_str::<Script<_>>(script).unwrap().next);
        let document = document(FiscalModel::Nfse, 1);
        let lost = issuer.authorize(document.clone()).await;
        assert_eq!(lost, Err(FiscalIssuerError::Unavailable));
        assert_eq!(issuer.authorized(), 1);
        let first = issuer.authorize(document.clone()).await.unwrap();
        assert_eq!(issuer.authorize(document).await.unwrap(), first);
        assert_eq!((first.code.len(), first.access_key.unwrap().len()), (8, 50));
        assert_eq!(issuer.authorized(), 1);
    }

    #[tokio::test]
    async fn a_number_stands_for_one_document() {
        let issuer = FiscalIssuerSimulator::new();
        let first = issuer.authorize(document(FiscalModel::Nfcom, 1)).await.unwrap();
        assert_eq!((first.code.len(), first.access_key), (15, None));
        let second = issuer.authorize(document(FiscalModel::Nfcom, 1)).await;
        assert!(matches!(second, Err(FiscalIssuerError::Refused(_))));
        assert!(issuer.authorize(document(FiscalModel::Nfse, 1)).await.is_ok());
    }
}
