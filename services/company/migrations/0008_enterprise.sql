-- An enterprise is a company with others affiliated below it.

-- A company that was deleted is kept for what refers to it, and shown to nobody.
alter table company add column deleted_at timestamptz;

-- Enterprises may share a CNPJ; those that have a right one, and an e-mail, are billed like customers.
alter table company drop constraint company_cnpj;
create unique index company_cnpj on company (cnpj) where kind in ('customer', 'voice_account');

-- What an enterprise has beyond a company; its texts are free, as its people wrote them.
create table enterprise (
    company_id              uuid primary key references company (company_id),
    public_id               text collate "C" not null constraint enterprise_public_id unique
                            check (public_id ~ '^[0-9A-Za-z]{15}$'),
    cnpj                    text not null,
    -- Upper case, only digits and letters: what it is compared by.
    cnpj_key                text not null check (cnpj_key ~ '^[0-9A-Z]+$'),
    timezone                text,
    phone1                  text,
    phone2                  text,
    email                   text,
    contact_name            text,
    webpage                 text,
    assistance_emergency_tel text,
    theft_emergency_tel     text,
    country_id              text,
    -- A direct customer of the platform.
    is_main_client          boolean not null,
    deactivated_at          timestamptz,
    name_lower              text not null,
    -- Without case and accents.
    sort_name               text collate "C" not null,
    -- Names and e-mail in lower case, each on a line of its own.
    search_lower            text not null
);

-- Serves the search for a CNPJ.
create index enterprise_by_cnpj on enterprise (cnpj_key);

do $$
begin
    create index enterprise_by_name_part on enterprise using gin (name_lower gin_trgm_ops)
        with (fastupdate = off);
    create index enterprise_by_search on enterprise using gin (search_lower gin_trgm_ops)
        with (fastupdate = off);
    create index enterprise_by_cnpj_part on enterprise using gin (cnpj_key gin_trgm_ops)
        with (fastupdate = off);
exception
    when undefined_object then
        raise notice 'enterprise search without an index: %', sqlerrm;
end
$$;

-- A child below a parent. Through a suspended one the child is still seen.
create table affiliation (
    parent_id  uuid not null references enterprise (company_id),
    child_id   uuid not null references enterprise (company_id),
    state      text not null check (state in ('active', 'suspended')),
    created_at timestamptz not null,
    primary key (parent_id, child_id),
    check (parent_id <> child_id)
);

create index affiliation_by_child on affiliation (child_id);

-- Who sees whom: every enterprise itself, and all that are below it. Written with what changes
-- it; walking the affiliations at every question would take the longer the more there are.
create table enterprise_reach (
    top_id     uuid not null references enterprise (company_id),
    company_id uuid not null references enterprise (company_id),
    sort_name  text collate "C" not null,
    public_id  text collate "C" not null,
    created_at timestamptz not null,
    primary key (top_id, company_id)
);

create index enterprise_reach_by_company on enterprise_reach (company_id);

-- Serve lists: a page is found in one of these alone.
create index enterprise_reach_by_name
    on enterprise_reach (top_id, sort_name, public_id) include (company_id);
create index enterprise_reach_by_creation
    on enterprise_reach (top_id, created_at, public_id) include (company_id);

-- Enterprises that are being deleted: counted elsewhere, or refused, with the holds of other
-- services still to be lifted. Taken up again at due_at by whoever finds it.
create table enterprise_closing (
    closing_id uuid primary key,
    company_id uuid not null references enterprise (company_id),
    own_id     uuid not null references enterprise (company_id),
    actor      text not null,
    state      text not null check (state in ('counting', 'lifting')),
    started_at timestamptz not null,
    due_at     timestamptz not null
);

-- One at a time.
create unique index enterprise_closing_once on enterprise_closing (company_id)
    where state = 'counting';
create index enterprise_closing_due on enterprise_closing (due_at);

create table enterprise_address (
    address_id uuid primary key,
    public_id  text not null,
    company_id uuid not null references enterprise (company_id),
    address    jsonb not null
);

create index enterprise_address_by_company on enterprise_address (company_id, address_id);

-- Where a document is kept.
create table enterprise_document (
    document_id uuid primary key,
    public_id   text not null,
    company_id  uuid not null references enterprise (company_id),
    file_size   bigint not null check (file_size >= 0),
    folder      text not null,
    key_name    text not null,
    mime        text not null,
    name        text not null,
    created_at  timestamptz not null
);

create index enterprise_document_by_company on enterprise_document (company_id, document_id desc);

-- Who changed what; the fields by name, without their values.
create table enterprise_change (
    change_id   uuid primary key,
    company_id  uuid not null references enterprise (company_id),
    actor       text not null,
    action      text not null,
    fields      text[] not null,
    happened_at timestamptz not null
);

create index enterprise_change_by_company on enterprise_change (company_id, change_id desc);
