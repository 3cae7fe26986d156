-- The last number of each series of fiscal documents. Whoever numbers a document locks the row
-- until the document is there: what is not committed took no number, so there are no gaps.
create table fiscal_series (
    issuer_cnpj text not null,
    model       text not null check (model in ('nfse', 'nfcom')),
    series      smallint not null check (series between 0 and 999),
    last_number bigint not null check (last_number between 0 and 999999999),
    primary key (issuer_cnpj, model, series)
);

-- A fiscal document. Rows are never deleted, and a refused one keeps its number.
create table fiscal_note (
    fiscal_note_id     uuid primary key,
    issuer_cnpj        text not null,
    model              text not null,
    series             smallint not null,
    number             bigint not null check (number > 0),
    status             text not null check (status in
        ('draft', 'sent', 'authorized', 'rejected', 'cancelled', 'replaced')),
    company_id         uuid,
    user_id            uuid,
    invoice_id         uuid,
    amount_cents       bigint not null check (amount_cents > 0),
    -- Name, CPF or CNPJ, e-mail and address as they were then.
    recipient_sealed   bytea not null,
    send_email         boolean not null,
    access_key         text,
    authorization_code text,
    rejection_reason   text,
    created_at         timestamptz not null,
    decided_at         timestamptz,
    constraint fiscal_note_number unique (issuer_cnpj, model, series, number),
    foreign key (issuer_cnpj, model, series) references fiscal_series,
    check ((company_id is null) <> (user_id is null)),
    check ((authorization_code is not null) = (status in ('authorized', 'cancelled', 'replaced'))),
    check ((rejection_reason is not null) = (status = 'rejected')),
    check ((decided_at is null) = (status in ('draft', 'sent'))),
    check ((invoice_id is not null) = (model = 'nfcom'))
);

-- An invoice has one NFCom, besides those that were refused.
create unique index fiscal_note_invoice on fiscal_note (invoice_id) where status <> 'rejected';

-- Serves the search for invoices that have none.
create index fiscal_note_by_invoice on fiscal_note (invoice_id, status, decided_at)
    where invoice_id is not null;
