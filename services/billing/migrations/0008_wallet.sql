-- Prepaid credit: who pays for it, the charges by which it is bought, and what became of it.

-- Who pays for a company's credit: people's names and numbers, sealed as a whole.
create table financial_account (
    company_id     uuid constraint financial_account_company primary key,
    content_sealed bytea not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);

-- Money that a company was asked for. Days are Brasília's.
create table credit_charge (
    charge_id      uuid primary key,
    company_id     uuid not null,
    status         text not null
        check (status in ('pending', 'received', 'overdue', 'refunded')),
    value_cents    bigint not null check (value_cents between 100 and 10000000),
    billing_type   text not null
        check (billing_type in ('pix', 'boleto', 'credit_card', 'undefined')),
    due_date       date not null,
    overdue_at     timestamptz not null,
    description    text,
    pix_code       text,
    created_at     timestamptz not null,
    paid_at        timestamptz,
    -- What of its value is the wallet's: all of it when it is paid, less with what is paid back.
    credited_cents bigint not null check (credited_cents between 0 and value_cents),
    -- What the payment provider calls it, once it knows it.
    provider_id    text,
    -- When the provider is to be told; null when it need not be.
    attempt_at     timestamptz,
    failures       integer not null,
    check ((paid_at is not null) = (status in ('received', 'refunded'))),
    check (credited_cents = 0 or status = 'received'),
    check (provider_id is null or attempt_at is null),
    check (pix_code is null or billing_type in ('pix', 'undefined'))
);

-- Serves ListCreditCharges.
create index credit_charge_by_company on credit_charge (company_id, charge_id);

-- Serve the sweeps.
create index credit_charge_to_register on credit_charge (attempt_at) where attempt_at is not null;
create index credit_charge_open on credit_charge (overdue_at) where status = 'pending';

-- The provider speaks of invoices and of charges, each notice of one of them.
alter table payment_notice
    alter column invoice_id drop not null,
    add column charge_id uuid references credit_charge (charge_id),
    add check ((invoice_id is null) <> (charge_id is null));

create index payment_notice_by_charge on payment_notice (charge_id) where charge_id is not null;

create unique index payment_notice_settles_charge on payment_notice (charge_id)
    where effect = 'settles';

-- What a company has: what its ledger adds up to, kept beside it, and what of it calls hold.
create table wallet (
    company_id     uuid primary key,
    balance_cents  bigint not null,
    reserved_cents bigint not null check (reserved_cents >= 0),
    -- What refunds took that was no longer there.
    debt_cents     bigint not null check (debt_cents >= 0),
    constraint wallet_covers_reservations check (balance_cents >= reserved_cents)
);

-- The ledger, by double entry: each row is a movement of money, with what it adds to each of four
-- accounts. What it adds to one it takes from others.
create table ledger_movement (
    movement_id      uuid primary key,
    company_id       uuid not null references wallet (company_id),
    cause            text not null,
    -- The charge or the call.
    cause_id         uuid not null,
    -- The payment notice of a refund: a charge may be paid back in parts.
    notice_id        text,
    -- What the company has.
    wallet_cents     bigint not null,
    -- What the company owes, negative.
    receivable_cents bigint not null,
    -- What the payment provider has for us, negative.
    provider_cents   bigint not null,
    -- What calls earned.
    revenue_cents    bigint not null,
    -- What the company has after it.
    balance_cents    bigint not null check (balance_cents >= 0),
    created_at       timestamptz not null,
    constraint ledger_movement_balanced
        check (wallet_cents + receivable_cents + provider_cents + revenue_cents = 0),
    constraint ledger_movement_cause check (case cause
        when 'charge' then provider_cents < 0 and wallet_cents >= 0 and receivable_cents >= 0
             and revenue_cents = 0 and notice_id is null
        when 'refund' then provider_cents > 0 and wallet_cents <= 0 and receivable_cents <= 0
             and revenue_cents = 0 and notice_id is not null
        when 'call' then revenue_cents > 0 and wallet_cents < 0 and provider_cents = 0
             and receivable_cents = 0 and notice_id is null
        else false end)
);

-- A charge credits once, a call debits once, a notice refunds once.
create unique index ledger_movement_once on ledger_movement (cause, cause_id)
    where notice_id is null;
create unique index ledger_movement_notice on ledger_movement (cause_id, notice_id)
    where notice_id is not null;

-- Serves ListLedgerEntries.
create index ledger_movement_by_company on ledger_movement (company_id, movement_id);

-- Nothing in the ledger is ever changed, by whatever mistake.
create function ledger_only_grows() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger only grows' using errcode = 'restrict_violation';
end
$$;

create trigger ledger_movement_only_grows
    before update or delete or truncate on ledger_movement
    for each statement execute function ledger_only_grows();

-- What calls hold of wallets, and what they cost in the end. Rows stay, so that a call is settled
-- once.
create table call_reservation (
    company_id    uuid not null,
    call_id       uuid not null,
    -- Of each minute.
    price_cents   bigint not null check (price_cents >= 0),
    minutes       integer not null check (minutes >= 0),
    settled_at    timestamptz,
    charged_cents bigint,
    primary key (company_id, call_id),
    check ((settled_at is null) = (charged_cents is null)),
    constraint call_reservation_covers_charge
        check (charged_cents between 0 and price_cents * minutes)
);
