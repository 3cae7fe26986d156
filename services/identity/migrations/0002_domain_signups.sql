-- A mailed link by which somebody signs up at the company of their e-mail's domain. Which company
-- that is, and at which plan, is asked when the link is used.
create table domain_signup (
    request_id  uuid primary key,
    email       text not null,
    secret_hash bytea not null unique,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz
);

create index domain_signup_by_end on domain_signup (expires_at);
