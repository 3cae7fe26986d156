use chassis::testing;
use proto::common::v1::PageRequest;
use sqlx::PgConnection;
use time::macros::{date, datetime};

use super::*;
use crate::MIGRATIONS;
use crate::invoices::Status;

async fn insert(connection: &mut PgConnection, invoice: &Invoice) {
    sqlx::query("insert into invoice values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(invoice.invoice_id.0)
        .bind(invoice.company_id.0)
        .bind(invoice.period.first_day())
        .bind(invoice.amount.get())
        .bind(invoice.status.to_string())
        .bind(invoice.due_date)
        .bind(invoice.created_at)
        .bind(invoice.paid_at)
        .execute(&mut *connection)
        .await
        .unwrap();
    for (position, item) in invoice.items.iter().rev().enumerate() {
        sqlx::query(
            "insert into invoice_item
                 (invoice_id, position, company_id, description, amount_cents, line_id)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(invoice.invoice_id.0)
        .bind(i32::try_from(position).unwrap())
        .bind(invoice.company_id.0)
        .bind(&item.description)
        .bind(item.amount.get())
        .bind(item.line_id.map(Uuid::from))
        .execute(&mut *connection)
        .await
        .unwrap();
    }
}

fn invoice(company_id: CompanyId, period: &str) -> Invoice {
    let item = |line_id, cents| Item {
        description: "Invoice for 1 month of service".to_owned(),
        amount: Cents::new(cents),
        line_id,
    };
    Invoice {
        invoice_id: InvoiceId::generate(),
        company_id,
        period: period.parse().unwrap(),
        items: vec![
            item(Some(LineId::generate()), 700),
            item(Some(LineId::generate()), 400),
            item(None, -100),
        ],
        amount: Cents::new(1_000),
        status: Status::Paid,
        due_date: date!(2026 - 11 - 06),
        created_at: datetime!(2026-11-01 03:00 UTC),
        paid_at: Some(datetime!(2026-11-02 03:00 UTC)),
    }
}

fn page(size: i32, token: &str) -> Page<Date> {
    Page::parse(Some(PageRequest { page_size: size, page_token: token.to_owned(), skip: 0 }))
        .unwrap()
}

#[tokio::test]
async fn a_companys_invoices_are_walked_newest_first_with_their_items() {
    let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    let (mine, others) = (CompanyId::generate(), CompanyId::generate());
    let mut connection = service.db.acquire().await.unwrap();
    let months = ["2026-08", "2026-10", "2026-09"].map(|period| invoice(mine, period));
    for invoice in months.iter().chain([&invoice(others, "2026-10")]) {
        insert(&mut connection, invoice).await;
    }
    let [august, october, september] = months;

    let first = page(2, "");
    let (fetched, total) = list(&service.db, mine, &first).await.unwrap();
    let (seen, next) = first.cut(fetched, total, |invoice| invoice.period.first_day());
    assert_eq!((seen, total), (vec![october.clone(), september], 3));
    let second = page(2, &next.next_page_token);
    assert_eq!(list(&service.db, mine, &second).await.unwrap(), (vec![august], 3));
    let nobodys = list(&service.db, CompanyId::generate(), &first).await.unwrap();
    assert_eq!(nobodys, (vec![], 0));

    let id = october.invoice_id;
    assert_eq!(find(&service.db, mine, id).await.unwrap(), Some(october));
    assert_eq!(find(&service.db, others, id).await.unwrap(), None);
    assert_eq!(find(&service.db, mine, InvoiceId::generate()).await.unwrap(), None);
}
