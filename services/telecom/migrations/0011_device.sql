-- What moves about with a SIM card in it, and what it is built into. Everything bears the
-- company, so that all of one company may lie on one shard.

create table device (
    company_id uuid not null,
    device_id  text collate "C" not null check (device_id ~ '^[0-9A-Za-z]{15}$'),
    name       text not null,
    imei       text check (imei ~ '^[0-9]{15}$'),
    code       text,
    created_at timestamptz not null,
    primary key (company_id, device_id)
);

-- Serves lists, oldest first.
create index device_by_creation on device (company_id, created_at, device_id);

create table vehicle (
    company_id uuid not null,
    vehicle_id text collate "C" not null check (vehicle_id ~ '^[0-9A-Za-z]{15}$'),
    name       text not null,
    plate      text,
    created_at timestamptz not null,
    primary key (company_id, vehicle_id)
);

create index vehicle_by_creation on vehicle (company_id, created_at, vehicle_id);

-- Companies that get nothing new, because company is about to delete them or has done so. A
-- lifted hold is kept for a while: a request for it that is late must not hold again.
create table company_hold (
    company_id uuid not null,
    hold_id    uuid not null,
    held_at    timestamptz not null,
    lifted_at  timestamptz,
    primary key (company_id, hold_id)
);

alter table sim_card
    add column service_provider text,
    add column batch            text;
