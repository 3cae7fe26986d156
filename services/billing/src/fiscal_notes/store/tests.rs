use super::*;
use crate::fiscal_notes::FiscalModel;
use crate::fiscal_notes::tests::{Fiscal, NOW, authorization, emitter, for_invoice, new_note};

const BATCH: i64 = 100;

async fn keep(fiscal: &Fiscal, note: &FiscalNote) {
    let mut tx = fiscal.service.db.begin().await.unwrap();
    take_numbers(&mut tx, &note.series, 1).await.unwrap();
    insert(&mut tx, &fiscal.service.keyring, note).await.unwrap();
    tx.commit().await.unwrap();
}

async fn update(fiscal: &Fiscal, note: &FiscalNote) {
    save(&mut fiscal.service.db.acquire().await.unwrap(), note).await.unwrap();
}

/// An invoice of some company.
pub(crate) async fn invoice(fiscal: &Fiscal, amount_cents: i64) -> BareInvoice {
    let invoice = BareInvoice {
        invoice_id: Uuid::now_v7(),
        company_id: CompanyId::generate(),
        amount: Cents::new(amount_cents),
    };
    sqlx::query(
        "insert into invoice
             (invoice_id, company_id, period, amount_cents, status, due_date, created_at)
         values ($1, $2, '2026-10-01', $3, 'pending', '2026-11-06', $4)",
    )
    .bind(invoice.invoice_id)
    .bind(invoice.company_id.0)
    .bind(amount_cents)
    .bind(NOW)
    .execute(&fiscal.service.db)
    .await
    .unwrap();
    invoice
}

async fn bare(fiscal: &Fiscal, after: Uuid, refused_before: OffsetDateTime) -> Vec<BareInvoice> {
    bare_invoices(&fiscal.service.db, after, refused_before, 2, BATCH).await.unwrap()
}

#[tokio::test]
async fn a_document_is_read_as_it_was_kept() {
    let fiscal = Fiscal::new().await;
    let mut note = FiscalNote::draft(new_note(), &emitter(), 1, NOW);
    keep(&fiscal, &note).await;
    assert_eq!(fiscal.kept(note.note_id).await, note);

    note.send().unwrap();
    let _ = note.authorize(authorization("ABC123"), NOW).unwrap();
    update(&fiscal, &note).await;
    assert_eq!(fiscal.kept(note.note_id).await, note);
    let mut connection = fiscal.service.db.acquire().await.unwrap();
    let locked = lock(&mut connection, &fiscal.service.keyring, note.note_id).await.unwrap();
    assert_eq!(locked, Some(note.clone()));

    let sealed: Vec<u8> = sqlx::query_scalar("select recipient_sealed from fiscal_note")
        .fetch_one(&fiscal.service.db)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("11144477735"));
}

#[tokio::test]
async fn numbers_count_in_each_series_of_its_own() {
    let fiscal = Fiscal::new().await;
    let (services, telecom) =
        (emitter().series(FiscalModel::Nfse), emitter().series(FiscalModel::Nfcom));
    let mut tx = fiscal.service.db.begin().await.unwrap();
    for (series, count, last) in [
        (&services, 1, 0),
        (&telecom, 0, 0),
        (&services, 2, 1),
        (&telecom, 1, 0),
        (&services, 1, 3),
    ] {
        assert_eq!(take_numbers(&mut tx, series, count).await.unwrap(), last);
    }
    tx.rollback().await.unwrap();
    let mut tx = fiscal.service.db.begin().await.unwrap();
    assert_eq!(take_numbers(&mut tx, &services, 1).await.unwrap(), 0, "nothing was committed");
}

#[tokio::test]
async fn no_two_documents_have_a_number() {
    let fiscal = Fiscal::new().await;
    let note = FiscalNote::draft(new_note(), &emitter(), 1, NOW);
    keep(&fiscal, &note).await;
    let twin = FiscalNote::draft(new_note(), &emitter(), 1, NOW);
    let mut connection = fiscal.service.db.acquire().await.unwrap();
    let error = insert(&mut connection, &fiscal.service.keyring, &twin).await.unwrap_err();
    assert_eq!(chassis::db::broken_constraint(&error), Some("fiscal_note_number"));
}

#[tokio::test]
async fn invoices_without_a_document_are_found() {
    let fiscal = Fiscal::new().await;
    let first = invoice(&fiscal, 100).await;
    let second = invoice(&fiscal, 200).await;
    invoice(&fiscal, 0).await;
    assert_eq!(bare(&fiscal, Uuid::nil(), NOW).await, [first, second]);
    assert_eq!(bare(&fiscal, first.invoice_id, NOW).await, [second]);

    let mut note = FiscalNote::draft(for_invoice(first.invoice_id), &emitter(), 1, NOW);
    keep(&fiscal, &note).await;
    assert_eq!(bare(&fiscal, Uuid::nil(), NOW).await, [second]);

    // Refused: not at once, but after a while, and not for ever.
    note.send().unwrap();
    note.reject("no", NOW).unwrap();
    update(&fiscal, &note).await;
    let before = NOW - time::Duration::SECOND;
    assert_eq!(bare(&fiscal, Uuid::nil(), before).await, [second]);
    assert_eq!(bare(&fiscal, Uuid::nil(), NOW).await, [first, second]);
    let mut again = FiscalNote::draft(for_invoice(first.invoice_id), &emitter(), 2, NOW);
    keep(&fiscal, &again).await;
    again.send().unwrap();
    again.reject("no", NOW).unwrap();
    update(&fiscal, &again).await;
    assert_eq!(bare(&fiscal, Uuid::nil(), NOW).await, [second]);
}

#[tokio::test]
async fn an_invoice_has_one_document_besides_refused_ones() {
    let fiscal = Fiscal::new().await;
    let invoice_id = invoice(&fiscal, 100).await.invoice_id;
    let note = FiscalNote::draft(for_invoice(invoice_id), &emitter(), 1, NOW);
    keep(&fiscal, &note).await;
    let twin = FiscalNote::draft(for_invoice(invoice_id), &emitter(), 2, NOW);
    let mut connection = fiscal.service.db.acquire().await.unwrap();
    let error = insert(&mut connection, &fiscal.service.keyring, &twin).await.unwrap_err();
    assert_eq!(chassis::db::broken_constraint(&error), Some("fiscal_note_invoice"));
}
