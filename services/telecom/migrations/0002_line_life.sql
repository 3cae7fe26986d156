-- The whole life of lines: who did what to them, what their companies note, what the carrier was
-- told, and how companies stand that do not pay.

-- Who did what to a line, written by the transaction that did it. Entries of one line are written
-- under the line's lock, so their ids tell their order.
create table timeline_entry (
    line_id    uuid not null,
    entry_id   bigint not null generated always as identity,
    company_id uuid,
    at         timestamptz not null,
    actor_kind text not null,
    actor_id   text not null,
    action     text not null,
    before     jsonb not null,
    after      jsonb not null,
    reason     text,

    -- Serves ListTimeline, read backwards.
    primary key (line_id, entry_id),
    constraint timeline_entry_actor_kind
        check (actor_kind in
            ('operator', 'manager', 'holder', 'service', 'carrier', 'administrator'))
);

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception 'the table % is only ever added to', tg_table_name;
end
$$;

create trigger timeline_entry_is_only_added_to
    before update or delete or truncate on timeline_entry
    for each statement execute function refuse_to_rewrite_history();

alter table line
    add column tag text,
    -- What the carrier is known to have, and what it was asked for without an answer so far.
    add column at_carrier jsonb not null default '{}',
    add constraint line_tag check (char_length(tag) between 1 and 100);

-- Serves the drawing of a number.
create index phone_number_free_by_number on phone_number (area_code, number)
    where state = 'free';

-- Companies of which billing said that they do not pay.
create table company_standing (
    company_id uuid primary key,
    standing   text not null,
    changed_at timestamptz not null,

    constraint company_standing_standing
        check (standing in ('good', 'suspended', 'terminated'))
);

-- What identity said of people, for those who tie a line to somebody at the same moment.
create table known_user (
    user_id     uuid primary key,
    proven_at   timestamptz,
    replaced_by uuid
);
