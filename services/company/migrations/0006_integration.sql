-- Where a voice account hears of its calls is a webhook endpoint of another kind: it may have no
-- URL yet, and whoever holds its secret can be given another one.
alter table webhook_endpoint
    add column kind text not null default 'company' check (kind in ('company', 'integration')),
    alter column url drop not null,
    -- Signs beside the newer one until then.
    add column previous_secret_sealed bytea,
    add column previous_secret_until  timestamptz,
    add check (url is not null or kind = 'integration'),
    add check ((previous_secret_sealed is null) = (previous_secret_until is null));

-- An integration: which calls its endpoint hears of. It is switched off when its endpoint is
-- disabled, be it by its account or because the endpoint said that it is gone.
create table integration (
    integration_id  bigint generated always as identity primary key,
    company_id      uuid not null references company (company_id),
    gateway         text not null,
    endpoint_id     uuid not null unique references webhook_endpoint (endpoint_id)
                    on delete cascade,
    -- A JSON object that a call's metadata must contain; null means every call. As texts, because
    -- jsonb does not hold all that JSON does.
    constraint_json text,
    metadata_json   text not null,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint integration_gateway unique (company_id, gateway)
);
