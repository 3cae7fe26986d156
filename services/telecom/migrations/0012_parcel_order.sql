-- Parcel carriers that are reached over the network.

-- The order at the carrier that is to bring a shipment: noted before it is paid, so that it is
-- paid once.
alter table shipment add column carrier_order_id text;

-- Serves what the carrier tells of by itself.
create index shipment_by_carrier_order on shipment (carrier_order_id)
    where carrier_order_id is not null;

-- What the account at a carrier is entered with. Each renewal replaces both tokens, and one
-- replica at a time makes it.
create table parcel_carrier_token (
    provider             text primary key,
    -- Of the token that the settings gave; another one begins anew.
    given_hash           bytea not null,
    access_token_sealed  bytea,
    refresh_token_sealed bytea not null,
    expires_at           timestamptz,
    renewing_until       timestamptz,
    check ((access_token_sealed is null) = (expires_at is null))
);
