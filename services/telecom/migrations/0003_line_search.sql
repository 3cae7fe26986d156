-- Finding lines: who uses them, what companies note about them, and all of it as text.

-- People as identity tells of them. A row that has only its id stands for somebody of whom
-- nothing was heard yet: it is there to be locked.
create table person (
    user_id     uuid primary key,
    email       text,
    full_name   text,
    social_name text,
    -- Of the last event about them.
    sequence    bigint not null default 0
);

alter table line
    add column custom_fields jsonb not null default '{}',
    add constraint line_custom_fields check (jsonb_typeof(custom_fields) = 'object');

-- What a search looks in: each value on a line of its own, so that no term spans two. Kept by the
-- triggers below, and by whoever changes a person. A table of its own, because most changes of a
-- line have nothing to do with it.
create table line_search (
    company_id uuid not null,
    line_id    uuid not null,
    text       text not null,

    -- Serves pages, newest first.
    primary key (company_id, line_id)
);

-- Serves rare terms. Where the extensions cannot be had, the search does without.
do $$
begin
    create extension if not exists pg_trgm;
    create extension if not exists btree_gin;
    create index line_search_by_text on line_search using gin (company_id, text gin_trgm_ops)
        with (fastupdate = off);
exception
    when feature_not_supported or undefined_file or undefined_object or insufficient_privilege then
        raise notice 'line search without an index: %', sqlerrm;
end
$$;

-- Counts of common terms in large companies, as they were at one moment; see search/counting.
-- Lists are cut into stretches of neighbouring lines, and a list of counts tells how many lines
-- of which stretches have a term.
create table search_count_base (
    company_id uuid primary key,
    -- The first line of each stretch; the first stretch begins before all lines. Empty until the
    -- first count is done.
    bounds     uuid[] not null default '{}',
    -- Terms of up to so many characters are all counted: without a count, no line has them.
    complete   integer not null default -1,
    lines      bigint not null default 0
);

create table search_count (
    company_id uuid not null,
    count_id   integer not null,
    lines      bigint not null,
    stretches  integer[] not null,
    counts     integer[] not null,

    primary key (company_id, count_id)
);

-- Terms that are in exactly the same lines share a count.
create table search_count_term (
    company_id uuid not null,
    term       text not null,
    count_id   integer not null,

    primary key (company_id, term)
);

-- What has changed since that moment, in companies that are counted. What the lines have now is
-- what was counted and these changes: they are read with the counts, and removed by the next.
create table search_change (
    company_id uuid not null,
    line_id    uuid not null,
    before     text,
    after      text
);

create index search_change_by_company on search_change (company_id);

-- A text without case and accents, letter by letter: a part of a text is a part of it folded.
create function search_fold(value text) returns text
    language sql immutable parallel safe strict
    return lower(regexp_replace(
        regexp_replace(normalize(value, nfkd), '[\u0300-\u036f]', '', 'g'),
        '[[:space:][:cntrl:]]+', ' ', 'g'));

-- A value as lines of a search text: folded, and again without what formats digits in it. Written
-- so that it is inlined, which makes it ten times as fast.
create function search_lines(value text) returns text
    language sql immutable parallel safe
    return search_fold(value) || e'\n' ||
        case when search_fold(value) ~ '[0-9][-+ ()./]+[0-9]'
             then regexp_replace(search_fold(value), '([0-9])[-+ ()./]+(?=[0-9])', '\1', 'g')
                  || e'\n'
             else '' end;

-- The search text of a line. Only ends of a card's number are looked for, so its digits stand as
-- capital letters, which no folded term has.
create function search_text(
    phone_number text, iccid text, tag text, custom_fields jsonb, person person
) returns text
    language sql stable parallel safe
    return e'\n' || concat(
        substr(phone_number, 2) || e'\n',
        translate(iccid, '0123456789', 'ABCDEFGHIJ') || e'\n',
        search_lines((person).full_name),
        search_lines((person).social_name),
        search_lines((person).email),
        search_lines(tag),
        (select string_agg(search_lines(field.value), '' order by field.key)
           from jsonb_each_text(custom_fields) as field)
    );

-- Writes the search texts of lines anew. Whoever changes a person locks the lines first; people
-- are locked here, so that a text is never made of an outdated half.
create function refresh_line_search(changed uuid[]) returns void language plpgsql as $$
begin
    insert into person (user_id)
    select distinct user_id
      from line
     where line_id = any(changed) and user_id is not null
     order by user_id
        on conflict do nothing;

    perform
       from person
      where user_id in (select user_id from line where line_id = any(changed))
      order by user_id
        for share;

    insert into line_search (company_id, line_id, text)
    select line.company_id, line.line_id,
           search_text(line.phone_number, line.iccid, line.tag, line.custom_fields, person)
      from line
      left join person using (user_id)
     where line.line_id = any(changed) and line.company_id is not null
        on conflict (company_id, line_id) do update
       set text = excluded.text
     where line_search.text <> excluded.text;
end
$$;

create function line_added() returns trigger language plpgsql as $$
begin
    perform refresh_line_search(array(select line_id from new_line));
    return null;
end
$$;

create function line_changed() returns trigger language plpgsql as $$
declare
    changed uuid[];
begin
    changed := array(
        select line_id
          from old_line
          join new_line using (line_id)
         where (old_line.company_id, old_line.user_id, old_line.phone_number, old_line.iccid,
                old_line.tag, old_line.custom_fields)
               is distinct from
               (new_line.company_id, new_line.user_id, new_line.phone_number, new_line.iccid,
                new_line.tag, new_line.custom_fields)
    );
    if cardinality(changed) > 0 then
        delete from line_search
         using old_line
          join new_line using (line_id)
         where line_search.company_id = old_line.company_id
           and line_search.line_id = old_line.line_id
           and old_line.company_id is distinct from new_line.company_id;
        perform refresh_line_search(changed);
    end if;
    return null;
end
$$;

create trigger line_added after insert on line
    referencing new table as new_line
    for each statement execute function line_added();

create trigger line_changed after update on line
    referencing old table as old_line new table as new_line
    for each statement execute function line_changed();

create function search_text_added() returns trigger language plpgsql as $$
begin
    insert into search_change (company_id, line_id, after)
    select company_id, line_id, text
      from new_text
      join search_count_base using (company_id);
    return null;
end
$$;

create function search_text_changed() returns trigger language plpgsql as $$
begin
    insert into search_change (company_id, line_id, before, after)
    select company_id, line_id, old_text.text, new_text.text
      from old_text
      join new_text using (company_id, line_id)
      join search_count_base using (company_id);
    return null;
end
$$;

create function search_text_removed() returns trigger language plpgsql as $$
begin
    insert into search_change (company_id, line_id, before)
    select company_id, line_id, text
      from old_text
      join search_count_base using (company_id);
    return null;
end
$$;

create trigger search_text_added after insert on line_search
    referencing new table as new_text
    for each statement execute function search_text_added();

create trigger search_text_changed after update on line_search
    referencing old table as old_text new table as new_text
    for each statement execute function search_text_changed();

create trigger search_text_removed after delete on line_search
    referencing old table as old_text
    for each statement execute function search_text_removed();

-- Lines from before are found as well.
select refresh_line_search(array(select line_id from line));
