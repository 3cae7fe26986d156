use std::sync::Arc;

use brazil::CompanyId;
use chassis::page::Page;
use chassis::simulator::{Outcome, ScriptStep};
use chassis::testing;
use postgres_local::testing::TestDatabase;

use super::super::{
    ActionKind, BankAggregatorSimulator, BankConnectionId, BankOperation, organization_cleared,
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

async fn connected(banks: &Banks) -> Connection {
    let now = banks.service.clock.now();
    let connection = Connection {
        connection_id: BankConnectionId::generate(),
        company_id: CompanyId::generate(),
        organization_id: "k3m9x2ab".to_owned(),
        target: "BancoDoBrasil".to_owned(),
        owner_external_id: "k3m9x2ab".to_owned(),
        provider_id: "sim".to_owned(),
        status: ConnectionStatus::Active,
        consent_expires_at: None,
        last_import_at: None,
        created_at: now,
        updated_at: now,
    };
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    store::insert(tx, &connection).await.unwrap();
    connection
}

async fn queued(banks: &Banks, connection: &Connection) -> BankActionId {
    let now = banks.service.clock.now();
    let action = Action::new(connection, ActionKind::Pull, ActionStatus::Queued, now);
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    store::insert_action(tx, &action).await.unwrap();
    action.action_id
}

async fn run(banks: &Banks, action_id: BankActionId) -> Action {
    ImportTransactions { action_id }.run(banks.clone()).await.unwrap();
    store::find_action(&banks.service.db, action_id).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_imported_again_is_not_doubled() {
    let (banks, _simulator, _database) = banks().await;
    let connection = connected(&banks).await;
    for imported in [10, 0] {
        let action = queued(&banks, &connection).await;
        let done = run(&banks, action).await;
        assert_eq!((done.status, done.imported), (ActionStatus::Done, Some(imported)));
        assert_eq!(run(&banks, action).await, done, "a job that runs again does nothing");
    }
    let page = Page::parse(None).unwrap();
    let id = connection.connection_id;
    let (listed, total) = store::transactions(&banks.service.db, id, &page).await.unwrap();
    assert_eq!((listed.len(), total), (10, 10));
    let stored = store::find(&banks.service.db, id).await.unwrap().unwrap();
    assert!(stored.last_import_at.is_some());
}

#[tokio::test]
async fn an_import_gives_up_after_a_while_or_when_it_is_denied() {
    let (banks, simulator, _database) = banks().await;
    let connection = connected(&banks).await;
    let action = queued(&banks, &connection).await;
    let fails = ScriptStep { times: 5, ..ScriptStep::new(BankOperation::Read, Outcome::Fail) };
    simulator.script(vec![fails]);
    for _ in 1..ATTEMPTS_MAX {
        assert_eq!(run(&banks, action).await.status, ActionStatus::Running);
    }
    let failed = run(&banks, action).await;
    assert_eq!(failed.status, ActionStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("the bank-data provider failed"));
    simulator.script(vec![ScriptStep::new(BankOperation::Read, Outcome::Refuse)]);
    let action = queued(&banks, &connection).await;
    assert_eq!(run(&banks, action).await.status, ActionStatus::Failed);
    let id = connection.connection_id;
    let stored = store::find(&banks.service.db, id).await.unwrap().unwrap();
    assert_eq!(stored.status, ConnectionStatus::Failed);
}

#[tokio::test]
async fn nothing_is_imported_over_what_was_revoked_or_cleared() {
    let (banks, _simulator, _database) = banks().await;
    let connection = connected(&banks).await;
    let action = queued(&banks, &connection).await;
    let now = banks.service.clock.now();
    let id = connection.connection_id;
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    store::stop_imports(tx, id, "revoked", now).await.unwrap();
    let stopped = run(&banks, action).await;
    assert_eq!((stopped.status, stopped.imported), (ActionStatus::Failed, None));

    let action = queued(&banks, &connection).await;
    let company_id = connection.company_id.to_string();
    let cleared = proto::events::v1::OrganizationCleared { company_id };
    organization_cleared(tx, cleared, now).await.unwrap();
    ImportTransactions { action_id: action }.run(banks.clone()).await.unwrap();
    assert_eq!(store::find(&banks.service.db, id).await.unwrap(), None);
}

#[tokio::test]
async fn one_import_runs_at_a_time() {
    let (banks, _simulator, _database) = banks().await;
    let connection = connected(&banks).await;
    queued(&banks, &connection).await;
    let now = banks.service.clock.now();
    let second = Action::new(&connection, ActionKind::Pull, ActionStatus::Queued, now);
    let tx = &mut *banks.service.db.acquire().await.unwrap();
    assert!(store::insert_action(tx, &second).await.is_err(), "the table knows it too");
    let begun = store::importing(tx, connection.connection_id).await.unwrap();
    assert!(begun.is_some_and(|begun| begun.action_id != second.action_id));
}
