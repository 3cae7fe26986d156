//! The table `payment_method`.

use brazil::CompanyId;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use uuid::Uuid;

use super::{PAYMENT_METHODS_MAX, PaymentMethod, PaymentMethodId};
use crate::error::Error;
use crate::refusals::too_many_payment_methods;

impl FromRow<'_, PgRow> for PaymentMethod {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            payment_method_id: PaymentMethodId(row.try_get("payment_method_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            organization_id: row.try_get("organization_id")?,
            kind: row.try_get("type")?,
            label: row.try_get("label")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// A page of the payment methods of these companies, by id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<PaymentMethod>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from payment_method where company_id = any($1)) as whole
           left join (
                    select payment_method_id, company_id, organization_id, type, label, created_at
                      from payment_method
                     where company_id = any($1)
                     order by payment_method_id
                    offset $2
                     limit $3
                ) as page on true
          order by page.payment_method_id",
    )
    .bind(company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "payment_method_id")
}

/// Reads a payment method.
pub(crate) async fn find(
    db: &PgPool,
    payment_method_id: PaymentMethodId,
) -> sqlx::Result<Option<PaymentMethod>> {
    sqlx::query_as(
        "select payment_method_id, company_id, organization_id, type, label, created_at
           from payment_method
          where payment_method_id = $1",
    )
    .bind(payment_method_id.0)
    .fetch_optional(db)
    .await
}

/// Stores a new payment method; its organization becomes a customer of the payment provider.
///
/// # Errors
/// FAILED_PRECONDITION / TOO_MANY_PAYMENT_METHODS.
pub(super) async fn insert(
    tx: &mut PgConnection,
    method: &PaymentMethod,
    token_sealed: Option<&[u8]>,
) -> Result<(), Error> {
    // Locks the row as well, so that two that are added at once are both counted.
    sqlx::query(
        "insert into organization_account as kept (company_id, customer_id) values ($1, $2)
         on conflict (company_id) do update
            set customer_id = coalesce(kept.customer_id, excluded.customer_id)",
    )
    .bind(method.company_id.0)
    .bind(format!("cus_{}", method.organization_id))
    .execute(&mut *tx)
    .await?;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from payment_method where company_id = $1")
            .bind(method.company_id.0)
            .fetch_one(&mut *tx)
            .await?;
    if stored >= PAYMENT_METHODS_MAX {
        return Err(too_many_payment_methods().into());
    }
    sqlx::query(
        "insert into payment_method
             (payment_method_id, company_id, organization_id, type, label, token_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(method.payment_method_id.0)
    .bind(method.company_id.0)
    .bind(&method.organization_id)
    .bind(method.kind)
    .bind(&method.label)
    .bind(token_sealed)
    .bind(method.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chassis::refusal::Refusal;
    use chassis::testing;
    use postgres_local::testing::TestDatabase;
    use proto::common::v1::PageRequest;
    use time::macros::datetime;

    use super::super::Kind;
    use super::*;
    use crate::MIGRATIONS;

    async fn database() -> (PgPool, TestDatabase) {
        let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        (service.db, database)
    }

    async fn method(db: &PgPool, company_id: CompanyId, kind: Kind) -> PaymentMethod {
        let method = PaymentMethod {
            payment_method_id: PaymentMethodId::generate(),
            company_id,
            organization_id: company_id.to_string()[28..].to_owned(),
            kind,
            label: Some("Loja".to_owned()),
            created_at: datetime!(2036-12-01 15:00 UTC),
        };
        let token = (kind == Kind::Card).then_some(&b"sealed"[..]);
        insert(&mut db.acquire().await.unwrap(), &method, token).await.unwrap();
        method
    }

    fn page(page_size: i32, skip: i32) -> Page<Uuid> {
        Page::parse(Some(PageRequest { page_size, skip, page_token: String::new() })).unwrap()
    }

    #[tokio::test]
    async fn methods_are_listed_by_their_companies_oldest_first() {
        let (db, _database) = database().await;
        let (acme, other) = (CompanyId::generate(), CompanyId::generate());
        let card = method(&db, acme, Kind::Card).await;
        let others = method(&db, other, Kind::Boleto).await;
        let pix = method(&db, acme, Kind::Pix).await;
        let ids = [acme.0];
        let listed = list(&db, &ids, &page(10, 0)).await.unwrap();
        assert_eq!(listed, (vec![card.clone(), pix.clone()], 2));
        assert_eq!(list(&db, &ids, &page(1, 1)).await.unwrap(), (vec![pix.clone()], 2));
        assert_eq!(list(&db, &ids, &page(1, 2)).await.unwrap(), (vec![], 2));
        let of_both = list(&db, &[acme.0, other.0], &page(10, 0)).await.unwrap();
        assert_eq!(of_both, (vec![card.clone(), others, pix], 3));
        assert_eq!(list(&db, &[], &page(10, 0)).await.unwrap(), (vec![], 0));
        assert_eq!(find(&db, card.payment_method_id).await.unwrap(), Some(card));
        assert_eq!(find(&db, PaymentMethodId::generate()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_organization_has_a_hundred_payment_methods_at_the_most() {
        let (db, _database) = database().await;
        // The first two of an organization, when it is no customer yet, and the last.
        for before in [PAYMENT_METHODS_MAX - 1, 0] {
            let acme = CompanyId::generate();
            let new = PaymentMethod {
                payment_method_id: PaymentMethodId::generate(),
                company_id: acme,
                organization_id: "acme0001".to_owned(),
                kind: Kind::Pix,
                label: None,
                created_at: datetime!(2036-12-01 15:00 UTC),
            };
            sqlx::query(
                "insert into payment_method
                     (payment_method_id, company_id, organization_id, type, created_at)
                 select gen_random_uuid(), $1, 'acme0001', 'pix', now()
                   from generate_series(1, $2)",
            )
            .bind(acme.0)
            .bind(before)
            .execute(&db)
            .await
            .unwrap();
            let add = async || {
                let payment_method_id = PaymentMethodId::generate();
                let method = PaymentMethod { payment_method_id, ..new.clone() };
                let mut tx = db.begin().await.unwrap();
                insert(&mut tx, &method, None).await?;
                tx.commit().await.unwrap();
                Ok::<_, Error>(())
            };
            let (first, second) = tokio::join!(add(), add());
            let refused: Vec<Error> = [first, second].into_iter().filter_map(Result::err).collect();
            let count = list(&db, &[acme.0], &page(1, 0)).await.unwrap().1;
            if before == 0 {
                assert_eq!((refused.len(), count), (0, 2));
                continue;
            }
            let [refused] = <[Error; 1]>::try_from(refused).unwrap();
            assert_eq!(Refusal::of(&refused.into()).reason, "TOO_MANY_PAYMENT_METHODS");
            assert_eq!(count, PAYMENT_METHODS_MAX);
            method(&db, CompanyId::generate(), Kind::Pix).await;
        }
    }

    #[tokio::test]
    async fn an_organization_is_one_customer_and_a_card_has_its_token() {
        let (db, _database) = database().await;
        let acme = CompanyId::generate();
        let first = method(&db, acme, Kind::Card).await;
        sqlx::query("update organization_account set customer_id = 'cus_known'")
            .execute(&db)
            .await
            .unwrap();
        method(&db, acme, Kind::Pix).await;
        let customers: Vec<String> =
            sqlx::query_scalar("select customer_id from organization_account")
                .fetch_all(&db)
                .await
                .unwrap();
        assert_eq!(customers, ["cus_known"]);
        let token: Vec<u8> = sqlx::query_scalar(
            "select token_sealed from payment_method where payment_method_id = $1",
        )
        .bind(first.payment_method_id.0)
        .fetch_one(&db)
        .await
        .unwrap();
        assert_eq!(token, b"sealed");
        let bare = PaymentMethod { payment_method_id: PaymentMethodId::generate(), ..first };
        let refused = insert(&mut db.acquire().await.unwrap(), &bare, None).await;
        assert!(refused.is_err(), "the table knows it too");
    }
}
