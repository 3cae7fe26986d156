-- A consent that may be nobody's: noted before it is asked for, and forgotten with the transaction
-- that stores the connection. Whatever is still here when it is due is ended at the provider.
create table unclaimed_bank_consent (
    company_id    uuid not null,
    -- What the provider knows the consent by; the id of the connection that it was for.
    connection_id uuid not null,
    due_at        timestamptz not null,
    failures      int not null default 0 check (failures >= 0),
    primary key (company_id, connection_id)
);

create index unclaimed_bank_consent_due on unclaimed_bank_consent (due_at);
