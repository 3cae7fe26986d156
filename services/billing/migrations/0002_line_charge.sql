-- A stretch of time in which a line is charged for a plan: to a company, or to the person.
create table line_charge (
    charge_id  uuid primary key,
    line_id    uuid not null,
    company_id uuid,
    user_id    uuid,
    plan_id    uuid not null,
    started_at timestamptz not null,
    ended_at   timestamptz,
    check ((company_id is null) <> (user_id is null)),
    check (ended_at >= started_at)
);

-- A line is charged for one plan at a time, however often it is told to be active.
create unique index line_charge_open on line_charge (line_id) where ended_at is null;

-- Serves ListLineCharges.
create index line_charge_by_line on line_charge (line_id, started_at);
