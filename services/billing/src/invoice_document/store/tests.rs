use time::macros::date;

use super::*;
use crate::MIGRATIONS;
use crate::testing::{DUE, invoice};

async fn items(db: &PgPool, invoice_id: InvoiceId, descriptions: &[&str]) {
    for (position, description) in (1_i32..).zip(descriptions) {
        sqlx::query(
            "insert into invoice_item (invoice_id, position, company_id, description, amount_cents)
             values ($1, $2, $3, $4, 100)",
        )
        .bind(invoice_id.0)
        .bind(position)
        .bind(CompanyId::generate().0)
        .bind(description)
        .execute(db)
        .await
        .unwrap();
    }
}

async fn told(db: &PgPool, invoice_id: InvoiceId, limit: i64) -> Vec<(String, i64, i64)> {
    let rows = rows(db, invoice_id, limit).await.unwrap();
    rows.into_iter().map(|row| (row.description, row.items, row.amount.get())).collect()
}

fn row(description: &str, items: i64) -> (String, i64, i64) {
    (description.to_owned(), items, items * 100)
}

#[tokio::test]
async fn few_items_are_listed_and_many_summed_up() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    let invoice_id = invoice(db, company_id, date!(2036 - 11 - 01)).await;
    items(db, invoice_id, &["a", "b", "a", "c", "a", "b"]).await;
    let six = told(db, invoice_id, 6).await;
    assert_eq!(six, ["a", "b", "a", "c", "a", "b"].map(|description| row(description, 1)));
    let five = [row("a", 3), row("b", 2), row("c", 1)];
    assert_eq!(told(db, invoice_id, 5).await, five);
    let two = [row("a", 3), row("Other items", 3)];
    assert_eq!(told(db, invoice_id, 2).await, two);
}

#[tokio::test]
async fn an_invoice_is_its_companys() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    let invoice_id = invoice(db, company_id, date!(2036 - 11 - 01)).await;
    let head = find(db, company_id, invoice_id).await.unwrap().unwrap();
    assert_eq!((head.invoice_id, head.period.as_str()), (invoice_id, "2036-11"));
    assert_eq!((head.amount.get(), head.status.as_str(), head.due_date), (10_000, "pending", DUE));
    assert!(find(db, CompanyId::generate(), invoice_id).await.unwrap().is_none());
}
