-- How invoices are collected, and what not paying them leads to.

-- Serves the sweeps: invoices that wait for payment are few beside those that were paid.
create index invoice_pending on invoice (due_date, invoice_id) where status = 'pending';

-- An invoice on its way to the payment provider, or there.
create table collection (
    invoice_id uuid primary key references invoice (invoice_id),
    company_id uuid not null,
    -- When it can no longer be paid in time: the due date moves on to a business day.
    overdue_at timestamptz not null,
    -- What the provider calls it, once it knows it.
    charge_id  text,
    -- When the provider is to be told; null when it need not be.
    attempt_at timestamptz,
    failures   integer not null default 0,
    check (charge_id is null or attempt_at is null)
);

create index collection_to_register on collection (attempt_at) where attempt_at is not null;

-- What the provider said about invoices: each notice once, nothing changed, nothing lost.
create table payment_notice (
    notice_id    text primary key check (length(notice_id) between 1 and 100),
    invoice_id   uuid not null references invoice (invoice_id),
    company_id   uuid not null,
    effect       text not null
        check (effect in ('settles', 'part', 'surplus', 'failed', 'returns', 'refunds')),
    amount_cents bigint not null check (amount_cents >= 0),
    occurred_at  timestamptz not null,
    received_at  timestamptz not null
);

create index payment_notice_by_invoice on payment_notice (invoice_id);

-- An invoice is paid once; what comes after is a surplus.
create unique index payment_notice_settles on payment_notice (invoice_id)
    where effect = 'settles';

-- How companies stand. Each moment is there from its step on, until the company is good again.
create table standing (
    company_id    uuid primary key,
    state         text not null check (state in ('good', 'noticed', 'suspended', 'terminated')),
    noticed_at    timestamptz,
    suspended_at  timestamptz,
    terminated_at timestamptz,
    -- When to look whether a step is due; null when time alone brings none.
    review_at     timestamptz,
    check ((state <> 'good') = (noticed_at is not null)),
    check ((state in ('suspended', 'terminated')) = (suspended_at is not null)),
    check ((state = 'terminated') = (terminated_at is not null))
);

create index standing_review on standing (review_at) where review_at is not null;

-- Letters to companies that wait to be mailed.
create table letter (
    letter_id  uuid primary key,
    company_id uuid not null,
    content    jsonb not null,
    leaves_at  timestamptz not null
);

create index letter_leaves on letter (leaves_at, letter_id);
