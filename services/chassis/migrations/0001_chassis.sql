-- What every service has in its schema besides its own tables.

-- What a mutating call answered, so that a repeat gets the same answer and no second effect.
-- The answer is sealed: it can hold personal data and tokens.
create table idempotency_key (
    caller       text not null,
    key          text not null,
    method       text not null,
    request_hash bytea not null,
    answer       bytea,
    created_at   timestamptz not null default now(),
    primary key (caller, method, key)
);

-- Serves the sweep that forgets old keys.
create index idempotency_key_by_age on idempotency_key (created_at);

-- How many events each aggregate has had.
create table event_sequence (
    subject uuid primary key,
    last    bigint not null
);

-- Events that a subscriber has yet to acknowledge. A row is deleted when it has.
create table outbox (
    subscriber text not null,
    subject    uuid not null,
    sequence   bigint not null,
    event      bytea not null,
    created_at timestamptz not null default now(),
    primary key (subscriber, subject, sequence)
);

-- Serves the wait for a hand-over.
create index outbox_by_subject on outbox (subject);

-- Events of other contexts whose effects are committed here.
create table inbox (
    event_id    uuid primary key,
    received_at timestamptz not null default now()
);

-- Serves the sweep that forgets old events.
create index inbox_by_age on inbox (received_at);
