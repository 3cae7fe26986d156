-- A parcel of SIM cards for a company. Rows are never deleted.
create table shipment (
    shipment_id   uuid primary key,
    company_id    uuid not null,
    status        text not null,
    provider      text,
    provider_id   text,
    tracking_code text,
    status_reason text,
    quantity      integer,
    address       jsonb,
    booking       text not null,
    -- When the parcel carrier is to be asked next how far it has come.
    track_at      timestamptz,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,

    constraint shipment_status
        check (status in ('processing', 'labeled', 'in_transit', 'delivered', 'failed')),
    constraint shipment_quantity
        check (quantity between 1 and 100000),
    constraint shipment_booking
        check (booking in ('outside', 'wanted', 'booked')),
    constraint shipment_to_be_booked_is_processing
        check (booking <> 'wanted'
               or (status = 'processing' and provider_id is null and address is not null)),
    constraint shipment_followed_is_booked_and_under_way
        check ((track_at is not null)
               = (booking = 'booked' and status not in ('delivered', 'failed')))
);

-- Serves ListShipments: one company, newest first.
create index shipment_by_company on shipment (company_id, shipment_id desc);

-- Serves the sweep that follows parcels.
create index shipment_to_track on shipment (track_at) where track_at is not null;
