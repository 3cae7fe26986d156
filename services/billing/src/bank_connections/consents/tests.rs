use std::collections::HashSet;
use std::sync::Arc;

use brazil::CompanyId;
use chassis::simulator::{Outcome, ScriptStep};
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::events::v1::OrganizationCleared;

use super::super::{
    BankAggregatorSimulator, BankConnectionId, BankOperation, BankSession, Connection,
    ConnectionStatus, organization_cleared, store,
};
use super::*;
use crate::MIGRATIONS;

async fn banks() -> (Banks, BankAggregatorSimulator, TestDatabase) {
    let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    let simulator = BankAggregatorSimulator::new(service.clock.clone());
    let provider = Arc::new(simulator.clone());
    let timeout = Duration::from_millis(200);
    (Banks { service, provider, timeout }, simulator, database)
}

/// A setup that has got as far as the aggregator's consent.
async fn begun(banks: &Banks, company_id: CompanyId) -> BankConnectionId {
    let connection_id = BankConnectionId::generate();
    let due_at = banks.service.clock.now() + PATIENCE;
    consents::note(&banks.service.db, company_id, connection_id, due_at).await.unwrap();
    let session = BankSession {
        reference: connection_id.0,
        session_id: "s".to_owned(),
        signature: "x".to_owned(),
        target: "BancoDoBrasil".to_owned(),
        owner_external_id: "k3m9x2ab".to_owned(),
    };
    banks.provider.connect(session).await.unwrap();
    connection_id
}

/// Stores what a setup ends with.
async fn connected(banks: &Banks, company_id: CompanyId, status: ConnectionStatus) -> Connection {
    let connection_id = begun(banks, company_id).await;
    let now = banks.service.clock.now();
    let connection = Connection {
        connection_id,
        company_id,
        organization_id: "k3m9x2ab".to_owned(),
        target: "BancoDoBrasil".to_owned(),
        owner_external_id: "k3m9x2ab".to_owned(),
        provider_id: "sim".to_owned(),
        status,
        consent_expires_at: None,
        last_import_at: None,
        created_at: now,
        updated_at: now,
    };
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    assert!(consents::claim(tx, company_id, connection_id, now).await.unwrap());
    store::insert(tx, &connection).await.unwrap();
    connection
}

fn later(banks: &Banks, pause: time::Duration) {
    let clock = &banks.service.clock;
    clock.set(clock.now() + pause).unwrap();
}

#[tokio::test]
async fn the_consent_of_a_setup_that_broke_off_is_ended() {
    let (banks, simulator, _database) = banks().await;
    let company_id = CompanyId::generate();
    let kept = connected(&banks, company_id, ConnectionStatus::Active).await.connection_id;
    let broken_off = begun(&banks, company_id).await;
    assert!(!end_batch(&banks).await.unwrap(), "it may still be claimed");
    assert_eq!(simulator.consents(), HashSet::from([kept.0, broken_off.0]));

    later(&banks, PATIENCE);
    assert!(end_batch(&banks).await.unwrap());
    assert_eq!(simulator.consents(), HashSet::from([kept.0]));
    assert!(!end_batch(&banks).await.unwrap(), "it is forgotten");
    later(&banks, LEASE);
    assert!(!end_batch(&banks).await.unwrap());
}

#[tokio::test]
async fn what_is_claimed_too_late_is_not_claimed() {
    let (banks, _simulator, _database) = banks().await;
    let company_id = CompanyId::generate();
    let connection_id = begun(&banks, company_id).await;
    later(&banks, PATIENCE);
    let now = banks.service.clock.now();
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    assert!(!consents::claim(tx, company_id, connection_id, now).await.unwrap());
    let other = CompanyId::generate();
    let early = now - PATIENCE;
    assert!(!consents::claim(tx, other, connection_id, early).await.unwrap());
}

#[tokio::test]
async fn a_consent_that_cannot_be_ended_now_is_ended_later() {
    let (banks, simulator, _database) = banks().await;
    begun(&banks, CompanyId::generate()).await;
    later(&banks, PATIENCE);
    simulator.script(vec![ScriptStep::new(BankOperation::Revoke, Outcome::Fail)]);
    assert!(end_batch(&banks).await.unwrap());
    assert_eq!(simulator.consents().len(), 1);
    assert!(!end_batch(&banks).await.unwrap(), "not at once");
    later(&banks, time::Duration::MINUTE);
    simulator.script(vec![ScriptStep::new(BankOperation::Revoke, Outcome::LoseAnswer)]);
    assert!(end_batch(&banks).await.unwrap());
    later(&banks, time::Duration::MINUTE);
    assert!(end_batch(&banks).await.unwrap(), "nobody knows yet that it is over");
    assert_eq!(simulator.consents().len(), 0);
    later(&banks, LEASE);
    assert!(!end_batch(&banks).await.unwrap());
}

#[tokio::test]
async fn a_cleared_organizations_consents_are_ended() {
    let (banks, simulator, _database) = banks().await;
    let (cleared, other) = (CompanyId::generate(), CompanyId::generate());
    connected(&banks, cleared, ConnectionStatus::Active).await;
    connected(&banks, cleared, ConnectionStatus::Failed).await;
    let revoked = connected(&banks, cleared, ConnectionStatus::Revoked).await.connection_id;
    let others = connected(&banks, other, ConnectionStatus::Active).await.connection_id;
    let event = OrganizationCleared { company_id: cleared.to_string() };
    let now = banks.service.clock.now();
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    organization_cleared(tx, event, now).await.unwrap();
    assert!(end_batch(&banks).await.unwrap());
    let left = HashSet::from([revoked.0, others.0]);
    assert_eq!(simulator.consents(), left, "what was revoked is not asked for again");
}
