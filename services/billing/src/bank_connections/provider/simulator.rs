//! A bank aggregator in memory, that does as it is told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use brazil::Cents;
use chassis::clock::Clock;
use chassis::simulator::{Desk, Failure, ScriptStep};
use serde::Deserialize;
use time::{Date, Duration};
use uuid::Uuid;

use super::{BankAggregator, BankConsent, BankError, BankMovement, BankSession};

const DENIED: &str = "sim-denied";
const DOWN: &str = "sim-down";
const SLOW: &str = "sim-slow";
const SLOWNESS: std::time::Duration = std::time::Duration::from_secs(3600);
const CONSENT: Duration = Duration::days(90);

/// On every account: day of November 2026, cents, what the bank says, and who is on the other
/// side.
const MOVEMENTS: [(u8, i64, &str, Option<&str>); 10] = [
    (2, -12_990, "PIX ENVIADO", Some("Padaria do Centro")),
    (3, 450_000, "TED RECEBIDA", Some("Mercado Bom Preço Ltda")),
    (4, -3_500, "TARIFA MENSAL", None),
    (5, -89_900, "BOLETO PAGO", Some("Energia S.A.")),
    (6, 120_000, "PIX RECEBIDO", Some("Oficina Dois Irmãos")),
    (9, -45_075, "COMPRA NO DEBITO", Some("Papelaria Sol")),
    (10, -250_000, "PIX ENVIADO", Some("Aluguel Imóveis Ltda")),
    (11, 33_333, "PIX RECEBIDO", None),
    (12, -19_990, "ASSINATURA", Some("Linha")),
    (13, 1, "RENDIMENTO", None),
];

/// What an aggregator can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BankOperation {
    /// Take a session.
    Connect,
    /// Read transactions.
    Read,
    /// End a consent.
    Revoke,
}

/// A bank aggregator in memory: it takes any session but those that say otherwise, and every
/// account has the same ten movements. Clones are one aggregator.
#[derive(Clone, Debug)]
pub struct BankAggregatorSimulator {
    desk: Desk<BankOperation>,
    clock: Clock,
    consents: Arc<Mutex<HashSet<Uuid>>>,
}

impl From<Failure> for BankError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(_) => Self::Denied,
            Failure::Unavailable => Self::Failed,
        }
    }
}

impl BankAggregatorSimulator {
    /// An aggregator that does what it is asked.
    pub fn new(clock: Clock) -> Self {
        Self { desk: Desk::default(), clock, consents: Arc::default() }
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<BankOperation>>) {
        self.desk.script(steps);
    }

    /// The references of the consents that were given and are not ended.
    pub fn consents(&self) -> HashSet<Uuid> {
        self.consents.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[tonic::async_trait]
impl BankAggregator for BankAggregatorSimulator {
    async fn connect(&self, session: BankSession) -> Result<BankConsent, BankError> {
        match session.session_id.as_str() {
            DENIED => return Err(BankError::Denied),
            DOWN => return Err(BankError::Failed),
            SLOW => {
                tokio::time::sleep(SLOWNESS).await;
                return Err(BankError::Timeout);
            }
            _ => {}
        }
        let expires_at = Some(self.clock.now() + CONSENT);
        self.desk
            .answer(BankOperation::Connect, || {
                let mut consents = self.consents.lock().unwrap_or_else(PoisonError::into_inner);
                consents.insert(session.reference);
                Ok(BankConsent { provider_id: format!("sim-{}", Uuid::now_v7()), expires_at })
            })
            .await
    }

    async fn read(&self, _: &str, _: Date) -> Result<Vec<BankMovement>, BankError> {
        self.desk.answer(BankOperation::Read, || Ok(movements())).await
    }

    async fn revoke(&self, reference: Uuid) -> Result<(), BankError> {
        self.desk
            .answer(BankOperation::Revoke, || {
                let mut consents = self.consents.lock().unwrap_or_else(PoisonError::into_inner);
                consents.remove(&reference);
                Ok(())
            })
            .await
    }
}

fn movements() -> Vec<BankMovement> {
    let first = time::macros::date!(2026 - 11 - 01);
    let movement =
        |(day, cents, description, counterparty): (u8, i64, &str, Option<&str>)| BankMovement {
            provider_id: format!("sim-{day:02}"),
            booked_on: first + Duration::days(i64::from(day) - 1),
            amount: Cents::new(cents),
            description: description.to_owned(),
            counterparty: counterparty.map(str::to_owned),
        };
    MOVEMENTS.into_iter().map(movement).collect()
}
