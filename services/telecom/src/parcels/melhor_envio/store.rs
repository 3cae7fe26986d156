//! The table `parcel_carrier_token`, and the orders noted at shipments.

use sqlx::PgPool;
use time::OffsetDateTime;

use crate::parcels::ShipmentId;

/// What an account is entered with, still sealed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Tokens {
    pub(super) given_hash: Vec<u8>,
    pub(super) access_token_sealed: Option<Vec<u8>>,
    pub(super) refresh_token_sealed: Vec<u8>,
    pub(super) expires_at: Option<OffsetDateTime>,
}

/// The order that is to bring a shipment, if one was made.
pub(super) async fn order_of(db: &PgPool, shipment_id: ShipmentId) -> sqlx::Result<Option<String>> {
    let noted: Option<Option<String>> =
        sqlx::query_scalar("select carrier_order_id from shipment where shipment_id = $1")
            .bind(shipment_id.0)
            .fetch_optional(db)
            .await?;
    Ok(noted.flatten())
}

/// Notes the order that is to bring a shipment.
pub(super) async fn note_order(
    db: &PgPool,
    shipment_id: ShipmentId,
    order_id: &str,
) -> sqlx::Result<()> {
    sqlx::query("update shipment set carrier_order_id = $2 where shipment_id = $1")
        .bind(shipment_id.0)
        .bind(order_id)
        .execute(db)
        .await?;
    Ok(())
}

/// What the account of a provider is entered with, if it was ever.
pub(super) async fn tokens(db: &PgPool, provider: &str) -> sqlx::Result<Option<Tokens>> {
    sqlx::query_as(
        "select given_hash, access_token_sealed, refresh_token_sealed, expires_at
           from parcel_carrier_token
          where provider = $1",
    )
    .bind(provider)
    .fetch_optional(db)
    .await
}

/// Lets nobody else renew until `until`; begins with the given refresh token where there is none,
/// or one of another beginning. None while somebody else renews.
pub(super) async fn claim_renewal(
    db: &PgPool,
    provider: &str,
    (given_hash, given_sealed): (&[u8], &[u8]),
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> sqlx::Result<Option<Tokens>> {
    sqlx::query_as(
        "insert into parcel_carrier_token as t
             (provider, given_hash, refresh_token_sealed, renewing_until)
         values ($1, $2, $3, $5)
         on conflict (provider) do update
            set renewing_until = excluded.renewing_until,
                given_hash = excluded.given_hash,
                refresh_token_sealed = case when t.given_hash = excluded.given_hash
                                            then t.refresh_token_sealed
                                            else excluded.refresh_token_sealed end,
                access_token_sealed = case when t.given_hash = excluded.given_hash
                                           then t.access_token_sealed end,
                expires_at = case when t.given_hash = excluded.given_hash then t.expires_at end
          where t.renewing_until is null or t.renewing_until <= $4
             or t.given_hash <> excluded.given_hash
         returning given_hash, access_token_sealed, refresh_token_sealed, expires_at",
    )
    .bind(provider)
    .bind(given_hash)
    .bind(given_sealed)
    .bind(now)
    .bind(until)
    .fetch_optional(db)
    .await
}

/// Keeps what a renewal brought, and lets others renew.
pub(super) async fn renewed(db: &PgPool, provider: &str, tokens: &Tokens) -> sqlx::Result<()> {
    sqlx::query(
        "update parcel_carrier_token
            set access_token_sealed = $3, refresh_token_sealed = $4, expires_at = $5,
                renewing_until = null
          where provider = $1 and given_hash = $2",
    )
    .bind(provider)
    .bind(&tokens.given_hash)
    .bind(&tokens.access_token_sealed)
    .bind(&tokens.refresh_token_sealed)
    .bind(tokens.expires_at)
    .execute(db)
    .await?;
    Ok(())
}
