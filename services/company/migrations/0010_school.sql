-- What groups of schools and schools are beyond companies: what the operator calls them, and a
-- school's document and addresses as they came.
create table school_group (
    company_id uuid primary key references company,
    reference  text not null constraint school_group_reference unique
);

create table school (
    company_id     uuid primary key references company,
    reference      text not null constraint school_reference unique,
    document_type  text,
    document_value text,
    addresses      jsonb not null,
    check ((document_type is null) = (document_value is null))
);

-- What a partner's program calls a school. Ids sort by time: the oldest one counts for a person.
create table school_integration (
    integration_id          uuid primary key,
    client_id               text not null,
    school_id               uuid not null references school,
    external_integration_id text not null,
    school_external_id      text not null,
    active                  boolean not null,
    created_at              timestamptz not null,
    updated_at              timestamptz not null,
    unique (client_id, school_id, external_integration_id)
);

-- Within an integration an external id names one school. Serves the look-up by it.
create unique index school_integration_external_id on school_integration
    (school_external_id, client_id, external_integration_id) where active;

-- Serves what somebody sees of a school.
create index school_integration_by_school on school_integration
    (school_id, client_id, integration_id) where active;

create table school_shift (
    school_id   uuid not null references school,
    name        text not null,
    description text not null,
    active      boolean not null,
    primary key (school_id, name)
);

create table school_stage (
    school_id   uuid not null references school,
    name        text not null,
    description text not null,
    active      boolean not null,
    primary key (school_id, name)
);

create table school_class (
    class_id          uuid primary key,
    school_id         uuid not null references school,
    external_id       text not null,
    name              text not null,
    educational_stage text not null,
    stage_name        text not null,
    shift_name        text,
    open              boolean not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    unique (school_id, external_id),
    foreign key (school_id, stage_name) references school_stage (school_id, name),
    foreign key (school_id, shift_name) references school_shift (school_id, name)
);

-- Serves ListClasses.
create index school_class_by_name on school_class (school_id, name, class_id);

-- Imports that are done, with their reports.
create table school_import (
    import_id   uuid primary key,
    imported_by text not null,
    row_count   integer not null,
    applied     integer not null,
    refused     integer not null,
    finished_at timestamptz not null
);

create table school_import_refusal (
    import_id  uuid not null references school_import,
    row_number bigint not null,
    field      text not null,
    reason     text not null,
    primary key (import_id, row_number)
);

-- Rows of imports that are being done; sealed, for there are people in them.
create table school_import_row (
    attempt_id  uuid not null,
    phase       smallint not null,
    row_number  bigint not null,
    row_sealed  bytea not null,
    received_at timestamptz not null,
    primary key (attempt_id, phase, row_number)
);

-- Serves the sweep that forgets what an attempt left behind.
create index school_import_row_by_age on school_import_row (received_at);
