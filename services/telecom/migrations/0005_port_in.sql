-- Numbers that lines bring along from other operators.

-- A request for a number. Rows are never deleted; a request that ended is kept with its reason.
create table port_in (
    port_in_id      uuid primary key,
    line_id         uuid not null,
    company_id      uuid,
    user_id         uuid,
    phone_number    text not null,
    holder_kind     text not null,
    -- CPF or CNPJ, encrypted.
    document_sealed bytea not null,
    protocol        text not null unique,
    status          text not null,
    status_reason   text,
    since           timestamptz not null,
    asked_at        timestamptz not null,
    asks            integer not null,
    submitted_at    timestamptz,
    window_on       date,
    due_at          timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,

    constraint port_in_number_is_mobile
        check (phone_number ~ '^\+55[1-9][0-9]9[0-9]{8}$'),
    constraint port_in_holder_kind
        check (holder_kind in ('person', 'company')),
    constraint port_in_status
        check (status in ('requested', 'awaiting_confirmation', 'parked', 'submitted',
                          'in_validation', 'scheduled', 'in_transition', 'successful', 'denied',
                          'cancelled', 'failed')),
    constraint port_in_ends_without_success_for_a_reason
        check ((status in ('denied', 'cancelled', 'failed')) = (status_reason is not null)),
    constraint port_in_closed_waits_for_nothing
        check (due_at is null
               or status not in ('successful', 'denied', 'cancelled', 'failed')),
    constraint port_in_with_the_administrator_was_submitted
        check (status not in ('submitted', 'in_validation', 'scheduled', 'in_transition',
                              'successful')
               or submitted_at is not null),
    constraint port_in_with_a_window
        check (status not in ('scheduled', 'in_transition', 'successful')
               or window_on is not null)
);

-- One open request for a number anywhere, and one for a line.
create unique index port_in_open_number on port_in (phone_number)
    where status not in ('successful', 'denied', 'cancelled', 'failed');
create unique index port_in_open_line on port_in (line_id)
    where status not in ('successful', 'denied', 'cancelled', 'failed');

-- Serve GetPortIn and the messages of the outside: the newest of a line, of a number.
create index port_in_by_line on port_in (line_id, port_in_id desc);
create index port_in_by_number on port_in (phone_number, port_in_id desc);

-- Serves the timers.
create index port_in_due on port_in (due_at) where due_at is not null;

-- Messages of the outside that were taken in.
create table port_in_message (
    message_id text primary key,
    port_in_id uuid not null,
    taken_at   timestamptz not null
);
