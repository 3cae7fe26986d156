-- What organizations can subscribe to. Prices are those of a month.
create table subscription_product (
    code         text primary key check (code ~ '^[a-z0-9-]{1,40}$'),
    kind         text not null check (kind in ('product', 'module')),
    name         text not null,
    amount_cents bigint not null check (amount_cents >= 0),
    per          text not null check (per in ('seat', 'organization'))
);

insert into subscription_product (code, kind, name, amount_cents, per)
values ('workspace', 'product', 'Workspace', 4990, 'seat'),
       ('workspace-plus', 'product', 'Workspace Plus', 7990, 'seat'),
       ('bank-data', 'module', 'Bank data', 9900, 'organization'),
       ('meetings', 'module', 'Meetings', 990, 'seat');

-- How the payment provider knows an organization, and who looks after its payments.
create table organization_account (
    company_id     uuid primary key,
    customer_id    text,
    manual_billing boolean not null default false
);

create table payment_method (
    payment_method_id uuid primary key,
    company_id        uuid not null,
    organization_id   text not null,
    type              text not null check (type in ('card', 'pix', 'boleto')),
    label             text,
    token_sealed      bytea,
    created_at        timestamptz not null,
    check (token_sealed is not null or type <> 'card')
);

create index payment_method_by_company on payment_method (company_id, payment_method_id);

create table coupon (
    code         text primary key check (code ~ '^[A-Z0-9-]{3,40}$'),
    percent      integer check (percent between 1 and 100),
    amount_cents bigint check (amount_cents > 0),
    valid_from   timestamptz not null,
    valid_until  timestamptz not null,
    uses_max     bigint not null check (uses_max > 0),
    created_at   timestamptz not null,
    check ((percent is null) <> (amount_cents is null)),
    check (valid_until > valid_from)
);

create table subscription (
    subscription_id   uuid primary key,
    company_id        uuid not null,
    organization_id   text not null,
    address_id        uuid not null,
    type              text not null check (type in ('monthly', 'yearly')),
    payment_method_id uuid references payment_method (payment_method_id),
    products          text[] not null check (cardinality(products) > 0),
    modules           text[] not null,
    seats             integer not null check (seats between 1 and 10000),
    status            text not null check (status in ('awaiting', 'active', 'past_due', 'canceled')),
    external_id       text,
    metadata          jsonb not null,
    coupon            text references coupon (code),
    -- When it began, and how many invoices it has had: the next one follows from both.
    begun_on          date not null,
    invoices          integer not null check (invoices >= 0),
    next_invoice_on   date not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null
);

-- An organization has one that is not cancelled.
create unique index subscription_current on subscription (company_id) where status <> 'canceled';
create index subscription_by_company on subscription (company_id, subscription_id);
create index subscription_to_invoice on subscription (next_invoice_on) where status <> 'canceled';

-- Once for each organization, whatever becomes of it.
create table coupon_redemption (
    code            text not null references coupon (code),
    company_id      uuid not null,
    subscription_id uuid not null references subscription (subscription_id),
    redeemed_at     timestamptz not null,
    constraint coupon_redemption_once primary key (code, company_id)
);

-- Tries of one caller in a minute.
create table coupon_attempt (
    caller     text primary key,
    started_at timestamptz not null,
    count      integer not null
);

create table subscription_invoice (
    invoice_id      uuid primary key,
    number          bigint generated always as identity unique,
    subscription_id uuid not null references subscription (subscription_id),
    company_id      uuid not null,
    organization_id text not null,
    status          text not null check (status in ('open', 'paid', 'void')),
    amount_cents    bigint not null check (amount_cents >= 0),
    issued_on       date not null,
    sold_on         date not null,
    due_on          date not null,
    overdue_at      timestamptz not null,
    created_at      timestamptz not null,
    paid_at         timestamptz,
    -- How it is collected; null when it waits to be paid.
    billing_type    text check (billing_type in ('pix', 'boleto', 'credit_card', 'undefined')),
    -- When the payment provider is to be told; null when it need not be.
    attempt_at      timestamptz,
    failures        integer not null default 0,
    provider_id     text,
    check ((status = 'open') = (paid_at is null)),
    check (attempt_at is null or (status = 'open' and billing_type is not null))
);

create index subscription_invoice_by_subscription
    on subscription_invoice (subscription_id, invoice_id desc);
create index subscription_invoice_to_collect on subscription_invoice (attempt_at)
    where attempt_at is not null;
create index subscription_invoice_open on subscription_invoice (overdue_at) where status = 'open';

-- What the provider said about them: each notice once.
create table subscription_payment (
    notice_id    text primary key check (length(notice_id) between 1 and 100),
    invoice_id   uuid not null references subscription_invoice (invoice_id),
    company_id   uuid not null,
    effect       text not null check (effect in ('paid', 'part', 'surplus', 'failed', 'refunded')),
    amount_cents bigint not null check (amount_cents >= 0),
    received_at  timestamptz not null
);

create index subscription_payment_by_invoice on subscription_payment (invoice_id);
