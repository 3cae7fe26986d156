-- Companies that are not served: their people get no tokens for them.
create table closed_company (
    company_id uuid primary key,
    closed_at  timestamptz not null
);

-- Companies that get no new people, because company is about to delete them or has done so. A
-- lifted hold is kept for a while: a request for it that is late must not hold again.
create table company_hold (
    company_id uuid not null,
    hold_id    uuid not null,
    held_at    timestamptz not null,
    lifted_at  timestamptz,
    primary key (company_id, hold_id)
);
