//! The tables `coupon`, `coupon_redemption` and `coupon_attempt`.

use brazil::{Cents, CompanyId};
use chassis::db::{broken_constraint, parsed};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use time::{Duration, OffsetDateTime};

use super::{Coupon, CouponCode, Discount};
use crate::error::Error;
use crate::refusals;
use crate::subscriptions::SubscriptionId;

const WINDOW: Duration = Duration::MINUTE;

impl FromRow<'_, PgRow> for Coupon {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let percent: Option<i32> = row.try_get("percent")?;
        let amount: Option<i64> = row.try_get("amount_cents")?;
        let percent = percent.and_then(|percent| u8::try_from(percent).ok());
        Ok(Self {
            code: parsed(row, "code")?,
            discount: match percent {
                Some(percent) => Discount::Percent(percent),
                None => Discount::Amount(Cents::new(amount.unwrap_or_default())),
            },
            valid_from: row.try_get("valid_from")?,
            valid_until: row.try_get("valid_until")?,
            uses_max: row.try_get("uses_max")?,
        })
    }
}

/// Stores a new coupon.
///
/// # Errors
/// ALREADY_EXISTS / COUPON_EXISTS.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    coupon: &Coupon,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let (percent, amount) = match coupon.discount {
        Discount::Percent(percent) => (Some(i32::from(percent)), None),
        Discount::Amount(amount) => (None, Some(amount.get())),
    };
    sqlx::query(
        "insert into coupon
             (code, percent, amount_cents, valid_from, valid_until, uses_max, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(coupon.code.as_str())
    .bind(percent)
    .bind(amount)
    .bind(coupon.valid_from)
    .bind(coupon.valid_until)
    .bind(coupon.uses_max)
    .bind(now)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("coupon_pkey") => refusals::coupon_exists().into(),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Reads a coupon and locks it until the transaction ends; also how many used it.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    code: &CouponCode,
) -> sqlx::Result<Option<(Coupon, i64)>> {
    let coupon: Option<Coupon> = sqlx::query_as(
        "select code, percent, amount_cents, valid_from, valid_until, uses_max
           from coupon
          where code = $1
            for update",
    )
    .bind(code.as_str())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(coupon) = coupon else { return Ok(None) };
    let uses = sqlx::query_scalar("select count(*) from coupon_redemption where code = $1")
        .bind(code.as_str())
        .fetch_one(tx)
        .await?;
    Ok(Some((coupon, uses)))
}

/// What a coupon takes off.
pub(crate) async fn discount(tx: &mut PgConnection, code: &str) -> sqlx::Result<Option<Discount>> {
    let coupon: Option<Coupon> = sqlx::query_as(
        "select code, percent, amount_cents, valid_from, valid_until, uses_max
           from coupon where code = $1",
    )
    .bind(code)
    .fetch_optional(tx)
    .await?;
    Ok(coupon.map(|coupon| coupon.discount))
}

/// Notes that an organization uses a coupon.
///
/// # Errors
/// FAILED_PRECONDITION / COUPON_USED when it did before.
pub(crate) async fn redeem(
    tx: &mut PgConnection,
    code: &CouponCode,
    company_id: CompanyId,
    subscription_id: SubscriptionId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "insert into coupon_redemption (code, company_id, subscription_id, redeemed_at)
         values ($1, $2, $3, $4)",
    )
    .bind(code.as_str())
    .bind(company_id.0)
    .bind(subscription_id.0)
    .bind(now)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("coupon_redemption_once") => refusals::coupon_used().into(),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Counts a try of a caller; tells how many there were in this minute, and how long it lasts.
pub(crate) async fn count_try(
    tx: &mut PgConnection,
    caller: &str,
    now: OffsetDateTime,
) -> sqlx::Result<(i32, Duration)> {
    let (count, started_at): (i32, OffsetDateTime) = sqlx::query_as(
        "insert into coupon_attempt as kept (caller, started_at, count) values ($1, $2, 1)
         on conflict (caller) do update
            set started_at = case when kept.started_at > $3 then kept.started_at
                                  else excluded.started_at end,
                count = case when kept.started_at > $3 then kept.count + 1 else 1 end
         returning count, started_at",
    )
    .bind(caller)
    .bind(now)
    .bind(now - WINDOW)
    .fetch_one(tx)
    .await?;
    Ok((count, started_at + WINDOW - now))
}

/// Forgets tries that no longer count.
pub(crate) async fn forget_tries(tx: &mut PgConnection, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query("delete from coupon_attempt where started_at <= $1")
        .bind(now - WINDOW)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chassis::refusal::Refusal;
    use chassis::testing;
    use time::macros::datetime;

    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn tries_are_counted_by_the_minute() {
        let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        let tx = &mut *service.db.acquire().await.unwrap();
        let now = datetime!(2036-12-01 15:00 UTC);
        for count in 1..=3 {
            let counted = count_try(tx, "user:a", now).await.unwrap();
            assert_eq!(counted, (count, WINDOW));
        }
        assert_eq!(count_try(tx, "user:b", now).await.unwrap().0, 1);
        let later = now + Duration::seconds(59);
        assert_eq!(count_try(tx, "user:a", later).await.unwrap(), (4, Duration::SECOND));
        assert_eq!(count_try(tx, "user:a", now + WINDOW).await.unwrap().0, 1);
        forget_tries(tx, now + WINDOW * 2).await.unwrap();
        let left: i64 =
            sqlx::query_scalar("select count(*) from coupon_attempt").fetch_one(tx).await.unwrap();
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn a_code_is_one_coupons() {
        let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        let tx = &mut *service.db.acquire().await.unwrap();
        let now = datetime!(2036-12-01 15:00 UTC);
        let coupon = Coupon {
            code: "WELCOME".parse().unwrap(),
            discount: Discount::Amount(Cents::new(1_000)),
            valid_from: now,
            valid_until: now + Duration::DAY,
            uses_max: 1,
        };
        insert(tx, &coupon, now).await.unwrap();
        let again = insert(tx, &coupon, now).await.unwrap_err();
        assert_eq!(Refusal::of(&again.into()).reason, "COUPON_EXISTS");
        assert_eq!(lock(tx, &coupon.code).await.unwrap(), Some((coupon.clone(), 0)));
        assert_eq!(discount(tx, "WELCOME").await.unwrap(), Some(coupon.discount));
        assert_eq!(discount(tx, "OTHER").await.unwrap(), None);
    }
}
