use chassis::auth::{Grant, Role};
use chassis::idempotency::{KEY_HEADER, REPLAYED_HEADER};
use chassis::jobs::Job;
use chassis::refusal::Refusal;
use chassis::simulator::Outcome;
use chassis::testing;
use proto::common::v1::Permission;
use tonic::Code;
use uuid::Uuid;

use super::*;
use crate::fiscal_notes::store::BareInvoice;
use crate::fiscal_notes::store::tests::invoice;
use crate::fiscal_notes::tests::{Fiscal, for_invoice, new_note};

fn wanted(key: Option<&'static str>) -> Request<pb::IssueServiceNoteRequest> {
    let message = pb::IssueServiceNoteRequest {
        recipient: Some(Named::UserId("019aa9e5-3a8b-7e60-8d29-5a7a1f2f9c0e".to_owned())),
        amount: Some(Money { cents: 10_025 }),
        send_email: true,
    };
    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    let mut request = testing::request(message, operator, Permission::FiscalNotesIssue);
    if let Some(key) = key {
        request.metadata_mut().insert(KEY_HEADER, key.parse().unwrap());
    }
    request
}

/// A request of the same person as another one.
fn again(first: &Request<pb::IssueServiceNoteRequest>) -> Request<pb::IssueServiceNoteRequest> {
    let mut request = Request::new(first.get_ref().clone());
    *request.metadata_mut() = first.metadata().clone();
    *request.extensions_mut() = first.extensions().clone();
    request
}

/// Does the jobs that stand in the queue, several at once.
async fn work(fiscal: &Fiscal) {
    let jobs: Vec<serde_json::Value> = sqlx::query_scalar(
        "delete from billing_jobs._private_jobs jobs using billing_jobs._private_tasks tasks
          where tasks.id = jobs.task_id and tasks.identifier = 'issue_fiscal_note'
         returning jobs.payload -> 'job'",
    )
    .fetch_all(&fiscal.service.db)
    .await
    .unwrap();
    let mut working = tokio::task::JoinSet::new();
    for job in jobs {
        let job: IssueNote = serde_json::from_value(job).unwrap();
        working.spawn(job.run(fiscal.issuing.clone()));
    }
    for done in working.join_all().await {
        done.unwrap();
    }
}

async fn numbers(fiscal: &Fiscal) -> Vec<(i64, String)> {
    sqlx::query_as("select number, status from fiscal_note order by number")
        .fetch_all(&fiscal.service.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_repeat_finds_the_document_of_the_first_call() {
    let fiscal = Fiscal::new().await;
    let first = wanted(Some("k"));
    let late = fiscal.notes.issue(&first, &new_note()).await.unwrap_err();
    assert_eq!(late.code(), Code::Unavailable);
    let refusal = Refusal::of(&late);
    assert_eq!(refusal.reason, "FISCAL_NOTE_PENDING");
    assert!(refusal.retry_after.is_some());

    work(&fiscal).await;
    let answer = fiscal.notes.issue(&again(&first), &new_note()).await.unwrap();
    assert_eq!(answer.metadata().get(REPLAYED_HEADER).unwrap(), "true");
    let note = answer.into_inner().note.unwrap();
    assert_eq!((note.number, note.status()), (1, pb::FiscalNoteStatus::Authorized));
    assert!(note.authorization_code.is_some());
    assert_eq!(numbers(&fiscal).await, [(1, "authorized".to_owned())]);

    let request = pb::GetFiscalNoteRequest { fiscal_note_id: note.id.clone() };
    let request = testing::request(request, vec![], Permission::FiscalNotesIssue);
    let read = fiscal.notes.get_fiscal_note(request).await.unwrap().into_inner().note;
    assert_eq!(read, Some(note));
}

#[tokio::test]
async fn a_refusal_names_the_issuers_reason_every_time() {
    let fiscal = Fiscal::new().await;
    fiscal.expect(Outcome::Refuse, 1);
    let first = wanted(Some("k"));
    fiscal.notes.issue(&first, &new_note()).await.unwrap_err();
    work(&fiscal).await;
    for _ in 0..2 {
        let refused = fiscal.notes.issue(&again(&first), &new_note()).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let refusal = Refusal::of(&refused);
        assert_eq!(refusal.reason, "FISCAL_NOTE_REJECTED");
        assert_eq!(refusal.facts["issuer_reason"], "no such tax code");
    }
    // The number is used up.
    fiscal.notes.issue(&wanted(None), &new_note()).await.unwrap_err();
    work(&fiscal).await;
    let expected = [(1, "rejected".to_owned()), (2, "authorized".to_owned())];
    assert_eq!(numbers(&fiscal).await, expected);
}

#[tokio::test]
async fn many_documents_at_once_leave_no_gap() {
    const DOCUMENTS: i64 = 40;
    const REFUSED: u32 = 7;
    let fiscal = Fiscal::new().await;
    fiscal.expect(Outcome::Refuse, REFUSED);
    fiscal.expect(Outcome::LoseAnswer, 5);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..DOCUMENTS {
        let notes = fiscal.notes.clone();
        asking.spawn(async move { notes.issue(&wanted(None), &new_note()).await });
        // Some take a number and then fail.
        let notes = fiscal.notes.clone();
        asking.spawn(async move {
            let notes = &notes;
            let failed = notes.service.transaction(|mut tx| {
                Box::pin(async move {
                    let series = notes.emitter.series(FiscalModel::Nfse);
                    store::take_numbers(&mut tx, &series, 1).await?;
                    Err::<(), _>(Error::RecipientIncomplete("CPF"))
                })
            });
            Err(failed.await.unwrap_err().into())
        });
    }
    let answers = asking.join_all().await;
    assert!(answers.iter().all(Result::is_err), "nobody has decided yet");
    // The second time answers that were lost.
    work(&fiscal).await;
    work(&fiscal).await;
    let kept = numbers(&fiscal).await;
    let series: Vec<i64> = kept.iter().map(|(number, _)| *number).collect();
    assert_eq!(series, (1..=DOCUMENTS).collect::<Vec<_>>());
    let with = |status: &str| kept.iter().filter(|(_, kept)| kept == status).count();
    assert_eq!((with("rejected"), with("authorized")), (REFUSED as usize, 33));
    assert_eq!(fiscal.issuer.authorized(), 33);
}

#[tokio::test]
async fn each_invoice_gets_one_document_however_many_sweep() {
    let fiscal = Fiscal::new().await;
    for amount in 1..=20 {
        invoice(&fiscal, amount).await;
    }
    let wanted =
        |bare: &BareInvoice| Some(NewNote { amount: bare.amount, ..for_invoice(bare.invoice_id) });
    let sweep = || fiscal.notes.draft_batch(Uuid::nil(), &wanted);
    let (one, two, three) = tokio::join!(sweep(), sweep(), sweep());
    one.and(two).and(three).unwrap();
    work(&fiscal).await;
    let kept = numbers(&fiscal).await;
    let expected: Vec<_> = (1..=20).map(|number| (number, "authorized".to_owned())).collect();
    assert_eq!(kept, expected);
    let keys: i64 = sqlx::query_scalar("select count(distinct access_key) from fiscal_note")
        .fetch_one(&fiscal.service.db)
        .await
        .unwrap();
    assert_eq!(keys, 20);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let fiscal = Fiscal::new().await;
    for cents in [0, -1, AMOUNT_CENTS_MAX + 1] {
        let mut request = wanted(None);
        request.get_mut().amount = Some(Money { cents });
        request.get_mut().recipient = None;
        let status = fiscal.notes.issue_service_note(request).await.unwrap_err();
        let named: Vec<_> =
            Refusal::of(&status).violations.into_iter().map(|broken| broken.field).collect();
        assert_eq!(named, ["amount", "recipient"]);
    }
    let request = pb::GetFiscalNoteRequest { fiscal_note_id: Uuid::now_v7().to_string() };
    let request = testing::request(request, vec![], Permission::FiscalNotesIssue);
    let status = fiscal.notes.get_fiscal_note(request).await.unwrap_err();
    assert_eq!(Refusal::of(&status).reason, "FISCAL_NOTE_NOT_FOUND");
}
