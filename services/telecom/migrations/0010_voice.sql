-- Voice accounts: their extensions, and the calls of these. Everything bears the account, so that
-- all of one account may lie on one shard.

-- Companies that are voice accounts, as company said when they were first named. Neither the kind
-- nor the host name of a company changes. Its row is locked by whoever gives out a number of the
-- account's extensions, or counts its dials.
create table voice_account (
    company_id uuid primary key,
    domain     text not null,
    created_at timestamptz not null
);

create table extension (
    extension_id  bigint primary key generated always as identity,
    company_id    uuid not null,
    domain        text not null,
    number        text not null,
    -- Where the number stands among those that are given out; none that starts with 0 is.
    rank          integer generated always as
                      (case when number not like '0%' then number::integer end) stored,
    secret_sealed bytea not null,
    caller_id     text,
    first_name    text not null,
    last_name     text,
    email         text,
    record_audio  boolean not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,

    constraint extension_number_is_short
        check (number ~ '^[0-9]{3,6}$')
);

-- Also serves the dialling.
create unique index extension_number on extension (company_id, number);

-- Serves the search for the lowest free number.
create index extension_rank on extension (company_id, rank);

-- Serves lists, oldest first.
create index extension_by_company on extension (company_id, extension_id);

-- Serves the look-up of somebody's own.
create index extension_by_email on extension (company_id, lower(email));

-- A call, from the request on. What is said of its extension is what was true then.
create table call (
    call_id           uuid primary key,
    company_id        uuid not null,
    extension_id      bigint not null,
    domain            text not null,
    direction         text not null,
    extension         text not null,
    -- National digits of the other party.
    phone             text not null,
    caller            text not null generated always as
                          (case direction when 'outbound' then extension else phone end) stored,
    called            text not null generated always as
                          (case direction when 'outbound' then phone else extension end) stored,
    caller_id         text,
    email             text,
    first_name        text not null,
    last_name         text,
    metadata          text not null,
    record_audio      boolean not null,
    state             text not null,
    started_at        timestamptz not null,
    answered_at       timestamptz,
    ended_at          timestamptz,
    duration_seconds  bigint not null default 0,
    hangup_cause      text,
    -- Minutes that the wallet has reserved for it, and what each costs.
    minutes_reserved  integer not null default 0,
    minute_price_cents bigint not null default 0,
    call_price_cents  bigint not null default 0,
    settled_at        timestamptz,
    -- When the next minute's credit is to be reserved, and whether it was refused before.
    minute_at         timestamptz,
    minute_refused    boolean not null default false,
    -- When it is to be looked after unless the switch says something before.
    check_at          timestamptz,
    -- When the switch had it last, and since when it has it no more.
    seen_at           timestamptz not null,
    lost_at           timestamptz,
    is_recorded       boolean not null default false,

    constraint call_direction
        check (direction in ('outbound', 'inbound')),
    constraint call_state
        check (state in ('requested', 'dialled', 'ringing', 'answered', 'ended')),
    constraint call_ended_has_its_time_and_cause
        check ((state = 'ended') = (ended_at is not null)
               and (state = 'ended') = (hangup_cause is not null)),
    constraint call_answered_has_its_time
        check (state <> 'answered' or answered_at is not null),
    constraint call_times_are_in_order
        check (answered_at >= started_at and ended_at >= coalesce(answered_at, started_at)),
    constraint call_lasts_from_its_answer
        check (duration_seconds >= 0 and (answered_at is not null or duration_seconds = 0)),
    constraint call_in_flight_is_looked_after
        check ((state = 'ended') = (check_at is null)),
    constraint call_that_is_paid_for_is_answered
        check (minute_at is null or (state = 'answered' and direction = 'outbound')),
    constraint call_costs_no_more_than_is_reserved
        check (call_price_cents between 0 and minutes_reserved * minute_price_cents)
);

-- An extension has one call at a time. One that the switch has lost keeps nobody waiting.
create unique index call_live on call (extension_id) where state <> 'ended' and lost_at is null;

-- Serve what is to be looked after.
create index call_minute on call (minute_at) where minute_at is not null;
create index call_check on call (check_at) where check_at is not null;

-- Serves the limit of dials.
create index call_dialled on call (company_id, started_at) where direction = 'outbound';

-- Serve lists of ended calls, newest first: all of an account, and the common filters.
create index call_by_start on call (company_id, started_at desc, call_id desc)
    where state = 'ended';
create index call_by_extension on call (company_id, extension_id, started_at desc, call_id desc)
    where state = 'ended';
create index call_by_caller on call (company_id, caller, started_at desc, call_id desc)
    where state = 'ended';
create index call_by_called on call (company_id, called, started_at desc, call_id desc)
    where state = 'ended';
create index call_by_cause on call (company_id, hangup_cause, started_at desc, call_id desc)
    where state = 'ended';
create index call_by_email on call (company_id, email, started_at desc, call_id desc)
    where state = 'ended';

-- How many ended calls began on a day in UTC, by what lists are usually filtered by. Written by the
-- transaction that ends a call. Totals, and the days that a page lies in, are read from here:
-- counting the calls themselves would take the longer the more there are.
create table call_count (
    company_id   uuid not null,
    day          date not null,
    extension_id bigint not null,
    extension    text not null,
    direction    text not null,
    hangup_cause text not null,
    email        text,
    calls        bigint not null,

    constraint call_count_cell
        unique nulls not distinct
            (company_id, day, extension_id, extension, direction, hangup_cause, email)
);

-- The sound of a call.
create table call_recording (
    call_id    uuid primary key,
    company_id uuid not null,
    content    bytea not null,
    created_at timestamptz not null
);
