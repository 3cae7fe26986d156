-- What companies owe, month by month. Months are named by their first day, in Brasília's time;
-- so are all days here.

-- The days of a charge that the runs of their own months take: all of them, except days that
-- became known, or turned out not to be used, after the run of their month had begun. Those are
-- in late_charge. From the beginning of a month's run on, nothing changes these days in it.
alter table line_charge
    add column first_day   date,
    add column billed_from date,
    add column billed_to   date;
update line_charge
   set first_day   = (started_at at time zone 'America/Sao_Paulo')::date,
       billed_from = (started_at at time zone 'America/Sao_Paulo')::date,
       billed_to   = (ended_at at time zone 'America/Sao_Paulo')::date;
alter table line_charge
    alter column first_day set not null,
    alter column billed_from set not null;

-- Serves the runs: a company's lines.
create index line_charge_by_company
    on line_charge (company_id, line_id, billed_from)
    include (plan_id, first_day, billed_to)
    where company_id is not null;

-- Days of one month that are charged, or given back, by the run of another one (period), because
-- the run of their own had begun when they became known. Each is taken by that one run.
create table late_charge (
    charge_id    uuid not null,
    company_id   uuid not null,
    line_id      uuid not null,
    plan_id      uuid not null,
    -- The charge's first day.
    charged_from date not null,
    period       date not null check (extract(day from period) = 1),
    first_day    date not null,
    last_day     date not null,
    credit       boolean not null,
    primary key (charge_id, first_day, credit),
    check (last_day >= first_day)
);

create index late_charge_by_period on late_charge (period, company_id);

-- Data on top of a plan: charged once, by the run of its period.
create table data_charge (
    top_up_id        uuid primary key,
    line_id          uuid not null,
    company_id       uuid,
    user_id          uuid,
    period           date not null check (extract(day from period) = 1),
    quantity_mb      bigint not null check (quantity_mb > 0),
    unit_price_cents bigint not null check (unit_price_cents >= 0),
    total_cents      bigint not null check (total_cents >= 0),
    given_at         timestamptz not null,
    check ((company_id is null) <> (user_id is null))
);

create index data_charge_by_period on data_charge (period, company_id);

-- What a company has left of what was given back, when a month's charges did not use it up. The
-- run of the period takes it.
create table company_credit (
    company_id   uuid not null,
    period       date not null check (extract(day from period) = 1),
    amount_cents bigint not null check (amount_cents > 0),
    primary key (company_id, period)
);

-- The closing of a month. It has begun when the row is there.
create table billing_run (
    period      date primary key check (extract(day from period) = 1),
    state       text not null check (state in ('running', 'done')),
    started_at  timestamptz not null,
    -- When it was known whose invoices are to be made.
    prepared_at timestamptz,
    finished_at timestamptz,
    check ((state = 'done') = (finished_at is not null))
);

-- The companies of a run, and their invoices when these are made.
create table billing_run_company (
    period     date not null references billing_run (period),
    company_id uuid not null,
    lines      bigint not null,
    done       boolean not null default false,
    invoice_id uuid,
    primary key (period, company_id),
    check (done or invoice_id is null)
);

create index billing_run_company_left on billing_run_company (period, company_id)
    where not done;

-- What a company owes for a month: the sum of its items.
create table invoice (
    invoice_id   uuid primary key,
    company_id   uuid not null,
    period       date not null check (extract(day from period) = 1),
    amount_cents bigint not null check (amount_cents >= 0),
    status       text not null check (status in ('pending', 'overdue', 'paid', 'refunded')),
    due_date     date not null,
    created_at   timestamptz not null,
    paid_at      timestamptz,
    -- However often a month is closed.
    constraint invoice_period unique (company_id, period),
    check (paid_at is not null or status in ('pending', 'overdue'))
);

-- A part of an invoice: never changed, and written with its invoice only. Without a foreign key,
-- because checking a million of them costs as much as writing them.
create table invoice_item (
    invoice_id   uuid not null,
    position     integer not null,
    company_id   uuid not null,
    description  text not null,
    amount_cents bigint not null,
    line_id      uuid,
    -- Price of a month, or of a gigabyte, that was used.
    price_cents  bigint,
    -- The days that are charged or given back.
    first_day    date,
    last_day     date,
    top_up_id    uuid,
    primary key (invoice_id, position)
);

-- A top-up is charged once.
create unique index invoice_item_top_up on invoice_item (top_up_id) where top_up_id is not null;
