-- An order of a line with everything around it. Rows are never deleted. Its steps are done by
-- transactions that lock this row first, each once.
create table line_order (
    line_order_id    uuid primary key,
    company_id       uuid not null,
    plan_id          uuid not null,
    area_code        smallint not null,
    user_email       text,
    user_name        text,
    change_ownership boolean not null,
    delivery_address jsonb,
    -- Made up front, so that a step that is done again finds what it did.
    line_id          uuid not null unique,
    shipment_id      uuid not null unique,
    -- Known once they are invited.
    user_id          uuid,
    placed_by        jsonb not null,
    state            text not null,
    steps            jsonb not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,

    constraint line_order_state
        check (state in ('running', 'done', 'failed')),
    constraint line_order_user_is_named
        check ((user_email is null) = (user_name is null)),
    constraint line_order_contract_has_an_owner
        check (change_ownership or user_email is not null)
);

-- Serves the waking of orders when something happens to their lines.
create index line_order_open_by_line on line_order (line_id) where state = 'running';

-- The order that waits for the shipment.
alter table shipment add column line_order_id uuid;

-- The contract of a line that a company pays for belongs to the company, unless this says that it
-- belongs to the person who uses it.
alter table line
    add column owned_by_user boolean not null default false,
    add constraint line_owned_by_its_user
        check (not owned_by_user or (company_id is not null and user_id is not null));
