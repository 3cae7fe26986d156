use chassis::simulator::Outcome;

use super::*;
use crate::fiscal_notes::tests::{Fiscal, NOW, emitter, new_note};

async fn drafted(fiscal: &Fiscal) -> FiscalNoteId {
    let note = &FiscalNote::draft(new_note(), &emitter(), 1, NOW);
    let service = &fiscal.service;
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                store::take_numbers(&mut tx, &note.series, 1).await?;
                Ok::<_, Error>(store::insert(&mut tx, &service.keyring, note).await?)
            })
        })
        .await
        .unwrap();
    note.note_id
}

async fn run(fiscal: &Fiscal, note_id: FiscalNoteId) {
    IssueNote { note_id, failures: 0 }.run(fiscal.issuing.clone()).await.unwrap();
}

/// Jobs that wait, by name.
async fn waiting(fiscal: &Fiscal) -> Vec<String> {
    sqlx::query_scalar(
        "select tasks.identifier
           from billing_jobs._private_jobs jobs
           join billing_jobs._private_tasks tasks on tasks.id = jobs.task_id
          order by 1",
    )
    .fetch_all(&fiscal.service.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_authorized_document_is_mailed_once() {
    let fiscal = Fiscal::new().await;
    let note_id = drafted(&fiscal).await;
    run(&fiscal, note_id).await;
    let note = fiscal.kept(note_id).await;
    assert_eq!(note.status, Status::Authorized);
    assert!(note.authorization_code.is_some() && note.access_key.is_some());
    assert_eq!(waiting(&fiscal).await, ["send_mail"]);

    // Once more, as after a crash behind the commit.
    run(&fiscal, note_id).await;
    assert_eq!(fiscal.kept(note_id).await, note);
    assert_eq!(waiting(&fiscal).await, ["send_mail"]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let fiscal = Fiscal::new().await;
    fiscal.expect(Outcome::LoseAnswer, 1);
    let note_id = drafted(&fiscal).await;
    run(&fiscal, note_id).await;
    assert_eq!(fiscal.kept(note_id).await.status, Status::Sent);
    assert_eq!(waiting(&fiscal).await, ["issue_fiscal_note"]);
    run(&fiscal, note_id).await;
    assert_eq!(fiscal.kept(note_id).await.status, Status::Authorized);
    assert_eq!(fiscal.issuer.authorized(), 1);
}

#[tokio::test]
async fn a_refused_document_keeps_the_issuers_reason() {
    let fiscal = Fiscal::new().await;
    fiscal.expect(Outcome::Refuse, 1);
    let note_id = drafted(&fiscal).await;
    run(&fiscal, note_id).await;
    let note = fiscal.kept(note_id).await;
    assert_eq!(note.status, Status::Rejected);
    assert_eq!(note.rejection_reason.as_deref(), Some("no such tax code"));
    run(&fiscal, note_id).await;
    assert_eq!(fiscal.kept(note_id).await, note, "a refusal is not argued with");
    assert!(waiting(&fiscal).await.is_empty());
}

#[tokio::test]
async fn whoever_waits_hears_of_the_decision() {
    let fiscal = Fiscal::new().await;
    let hold = fiscal.issuer.hold().await;
    let note_id = drafted(&fiscal).await;
    let working = tokio::spawn({
        let issuing = fiscal.issuing.clone();
        async move { IssueNote { note_id, failures: 0 }.run(issuing).await }
    });
    fiscal.issuer.asked(1).await;
    let undecided = fiscal.issuing.decision(note_id, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(undecided.status, Status::Sent);
    let waiting = tokio::spawn({
        let issuing = fiscal.issuing.clone();
        async move { issuing.decision(note_id, Duration::from_secs(60)).await }
    });
    drop(hold);
    let note = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!(note.status, Status::Authorized);
    working.await.unwrap().unwrap();
}
