-- Lines and what they are made of. The three tables name each other without foreign keys: a
-- number belongs to an area, a card and a line to a company, so each may lie on a shard of its own.

-- A mobile line. Rows are never deleted; a line ends as 'cancelled', and keeps its last number.
create table line (
    line_id            uuid primary key,
    company_id         uuid,
    user_id            uuid,
    visible_to_user    boolean not null,
    provider           text not null,
    phone_number       text,
    is_portability     boolean not null default false,
    iccid              text,
    status             text not null,
    blocks             text[] not null default '{}',
    plan_id            uuid not null,
    area_code          smallint not null,
    awaiting_approval  boolean not null,
    activation_refused text,
    number_assigned_at timestamptz,
    activated_at       timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,

    constraint line_status
        check (status in ('ordered', 'pending', 'active', 'blocked', 'cancelled')),
    constraint line_has_an_owner
        check (company_id is not null or user_id is not null),
    constraint line_without_user_is_seen_by_nobody
        check (user_id is not null or not visible_to_user),
    constraint line_ordered_waits_for_a_number
        check (status <> 'ordered' or phone_number is null),
    constraint line_pending_waits_for_approval_or_carrier
        check (status <> 'pending' or awaiting_approval = (phone_number is null)),
    constraint line_in_service_has_a_number
        check (status not in ('active', 'blocked')
               or (phone_number is not null and activated_at is not null)),
    constraint line_number_has_its_time
        check ((phone_number is null) = (number_assigned_at is null)),
    -- Only a company can be asked to pay.
    constraint line_awaiting_approval_is_pending
        check (not awaiting_approval or (status = 'pending' and company_id is not null)),
    constraint line_blocks
        check (blocks <@ array['theft', 'loss', 'misuse', 'no-pay']),
    constraint line_blocked_for_a_reason
        check ((status = 'blocked') = (cardinality(blocks) > 0)),
    constraint line_refused_is_pending
        check (activation_refused is null or status = 'pending')
);

-- A number and a card serve one live line; cancelled lines free them.
create unique index line_number_live on line (phone_number) where status <> 'cancelled';
create unique index line_sim_card_live on line (iccid) where status <> 'cancelled';

-- Serves ListMyLines: one person, newest first.
create index line_by_user on line (user_id, line_id desc) where visible_to_user;

-- Serve the proof of an e-mail.
create index line_hidden_by_user on line (user_id) where not visible_to_user;
create index line_awaiting_approval_by_user on line (user_id) where awaiting_approval;

-- Serves lines that wait for a number: the oldest of an area first.
create index line_waiting on line (area_code, created_at, line_id) where status = 'ordered';

-- Serves what is asked about one company's lines.
create index line_by_company on line (company_id, line_id desc);

-- Numbers that are or were ours, and those that lines brought along. A number that leaves a line
-- is quarantined until free_from; one that was ported in never becomes free.
create table phone_number (
    number     text primary key,
    area_code  smallint not null,
    state      text not null,
    free_from  timestamptz,
    line_id    uuid unique,
    created_at timestamptz not null,
    updated_at timestamptz not null,

    constraint phone_number_is_mobile
        check (number ~ '^\+55[1-9][0-9]9[0-9]{8}$'),
    constraint phone_number_lies_in_its_area
        check (substr(number, 4, 2)::smallint = area_code),
    constraint phone_number_state
        check (state in ('free', 'assigned', 'quarantined', 'ported_in')),
    constraint phone_number_in_use_has_a_line
        check (state = 'ported_in' or (state = 'assigned') = (line_id is not null)),
    constraint phone_number_quarantine_ends
        check ((state = 'quarantined') = (free_from is not null))
);

-- Serves the taking of a number: the one that has been free longest. By number alone, the planner
-- would walk the primary key through all areas that come before.
create index phone_number_free on phone_number (area_code, updated_at, number)
    where state = 'free';

-- Serves the end of quarantines.
create index phone_number_quarantine on phone_number (free_from) where state = 'quarantined';

-- A SIM card of a company's stock.
create table sim_card (
    iccid      text primary key,
    company_id uuid not null,
    provider   text not null,
    status     text not null,
    line_id    uuid unique,
    last_seven text not null generated always as (right(iccid, 7)) stored,
    created_at timestamptz not null,
    updated_at timestamptz not null,

    constraint sim_card_status
        check (status in ('available', 'in_use', 'retired')),
    constraint sim_card_in_use_has_a_line
        check ((status = 'in_use') = (line_id is not null))
);

-- Serves ListSimCards.
create index sim_card_by_company on sim_card (company_id, iccid);

-- Serves the look-up by what people read off a card.
create index sim_card_by_last_seven on sim_card (company_id, last_seven);
