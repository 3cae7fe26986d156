-- Data on top of a line's plan: the carrier gives it, and then it is charged. A row says once and
-- for all what it costs and who pays, whatever becomes of the line.
create table data_top_up (
    top_up_id        uuid primary key,
    line_id          uuid not null,
    company_id       uuid,
    user_id          uuid,
    quantity_mb      bigint not null,
    unit_price_cents bigint not null,
    total_cents      bigint not null,
    state            text not null,
    refused_because  text,
    created_at       timestamptz not null,
    answered_at      timestamptz,

    constraint data_top_up_quantity check (quantity_mb between 1 and 10000000),
    constraint data_top_up_price check (unit_price_cents >= 0 and total_cents >= 0),
    constraint data_top_up_state check (state in ('asked', 'given', 'refused')),
    constraint data_top_up_is_answered_once
        check ((state = 'asked') = (answered_at is null)),
    constraint data_top_up_refused_for_a_reason
        check ((state = 'refused') = (refused_because is not null))
);

-- Serves what is asked about one line.
create index data_top_up_by_line on data_top_up (line_id, top_up_id desc);
