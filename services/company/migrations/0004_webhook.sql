-- Where a company hears of what happens. The secret that signs its deliveries is sealed.
create table webhook_endpoint (
    endpoint_id   uuid primary key,
    company_id    uuid not null
                  constraint webhook_endpoint_company references company (company_id),
    url           text not null,
    event_types   text[] not null,
    description   text,
    secret_sealed bytea not null,
    -- Its last attempt failed: until one succeeds, only one is made at a time.
    failing       boolean not null default false,
    -- It answered 410 Gone: nothing is delivered to it any more.
    disabled_at   timestamptz,
    created_at    timestamptz not null
);

-- Serves ListWebhookEndpoints, and finds who hears of an event.
create index webhook_endpoint_by_company on webhook_endpoint (company_id, endpoint_id);

-- A message for an endpoint; its body is sent byte by byte the same at every attempt.
create table webhook_delivery (
    delivery_id  uuid primary key,
    endpoint_id  uuid not null references webhook_endpoint (endpoint_id) on delete cascade,
    event_type   text not null,
    body         text not null,
    state        text not null check (state in ('pending', 'delivered', 'failed')),
    -- Attempts in all.
    attempts     integer not null,
    -- Attempts of this round of the schedule; a replay begins another.
    step         integer not null,
    last_status  integer,
    last_error   text,
    due_at       timestamptz,
    -- A job of the queue has it in hand.
    queued       boolean not null,
    happened_at  timestamptz not null,
    delivered_at timestamptz,
    check ((state = 'pending') = (due_at is not null)),
    check ((state = 'delivered') = (delivered_at is not null)),
    check (state = 'pending' or not queued)
);

-- Serves ListWebhookDeliveries and replays.
create index webhook_delivery_by_endpoint
    on webhook_delivery (endpoint_id, happened_at, delivery_id);

-- Finds what an endpoint is to be sent.
create index webhook_delivery_due on webhook_delivery (endpoint_id, due_at)
    where state = 'pending' and not queued;

-- Counts what an endpoint is being sent.
create index webhook_delivery_queued on webhook_delivery (endpoint_id) where queued;

-- Serves the sweep that forgets old deliveries.
create index webhook_delivery_settled on webhook_delivery (happened_at) where state <> 'pending';
