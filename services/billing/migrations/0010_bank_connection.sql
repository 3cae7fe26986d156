-- Banks that organizations are connected to by way of an aggregator.
create table bank_connection (
    connection_id      uuid primary key,
    company_id         uuid not null,
    organization_id    text not null,
    target             text not null,
    owner_external_id  text not null,
    -- What the aggregator calls it.
    provider_id        text not null,
    status             text not null check (status in ('active', 'revoked', 'failed')),
    consent_expires_at timestamptz,
    last_import_at     timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null
);

create index bank_connection_by_company on bank_connection (company_id, connection_id);

-- What was asked of the aggregator, and what became of it.
create table bank_action (
    action_id     uuid primary key,
    connection_id uuid not null references bank_connection (connection_id) on delete cascade,
    company_id    uuid not null,
    action        text not null check (action in ('setup', 'pull', 'revoke')),
    status        text not null check (status in ('queued', 'running', 'done', 'failed')),
    date_from     date,
    imported      bigint,
    error         text,
    failures      integer not null default 0,
    created_at    timestamptz not null,
    updated_at    timestamptz not null
);

-- One import at a time.
create unique index bank_action_importing on bank_action (connection_id)
    where action = 'pull' and status in ('queued', 'running');
create index bank_action_by_connection on bank_action (connection_id, action_id);

create table bank_transaction (
    transaction_id uuid primary key,
    connection_id  uuid not null references bank_connection (connection_id) on delete cascade,
    company_id     uuid not null,
    provider_id    text not null,
    booked_on      date not null,
    amount_cents   bigint not null,
    description    text not null,
    counterparty   text,
    -- However often it is imported.
    constraint bank_transaction_once unique (connection_id, provider_id)
);

create index bank_transaction_by_connection on bank_transaction (connection_id, transaction_id);
