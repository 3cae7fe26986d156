-- A plan of the catalogue. Rows are never changed nor deleted.
create table plan (
    plan_id               uuid primary key,
    name                  text not null constraint plan_name unique,
    available_data_mb     bigint not null check (available_data_mb >= 0),
    price_cents           bigint not null check (price_cents >= 0),
    data_unit_price_cents bigint not null check (data_unit_price_cents >= 0),
    created_at            timestamptz not null
);

-- What companies pay for plans, and since when: the newest price that has begun counts. Only ever
-- added to, so that any month can be charged again as it was. The key serves that look-up.
create table company_price (
    company_id     uuid not null,
    plan_id        uuid not null constraint company_price_plan references plan (plan_id),
    price_cents    bigint not null check (price_cents >= 0),
    effective_from timestamptz not null,
    set_by         text not null,
    primary key (company_id, plan_id, effective_from)
);
