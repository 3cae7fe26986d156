-- Which companies are voice accounts. One that is being opened, and its first administrator, who
-- is a user in the state 'opening' until then, hold the domain and the e-mail: what can be refused
-- is refused before company makes the account. A refused one holds nothing; it is kept for a
-- while, so that a repeat of its request is answered the same.
create table voice_account (
    company_id uuid primary key,
    domain     text not null,
    -- The first administrator.
    user_id    uuid not null,
    state      text not null check (state in ('opening', 'open', 'refused')),
    created_at timestamptz not null,
    opened_at  timestamptz,
    check ((state = 'open') = (opened_at is not null))
);

create unique index voice_account_domain on voice_account (domain) where state <> 'refused';

-- Serves the sweep that forgets refused ones.
create index voice_account_refused on voice_account (created_at) where state = 'refused';

alter table app_user
    drop constraint app_user_state_check,
    add constraint app_user_state_check
        check (state in ('opening', 'active', 'disabled', 'replaced')),
    add column last_login_at timestamptz;

-- What voice accounts know of a person beyond that.
create table account_user (
    user_id            uuid primary key references app_user on delete cascade,
    -- The account that made the person; its administrators may change them.
    made_by_company_id uuid references voice_account,
    -- As it was given.
    phone              text
);

-- Serves ListAccountUsers, and counts administrators.
create index grant_by_company on grant_ (company_id, user_id) where company_id is not null;

-- Opaque tokens of people in voice accounts. A secret is random enough for a plain hash.
create table access_token (
    token_hash bytea primary key,
    user_id    uuid not null references app_user on delete cascade,
    company_id uuid not null references voice_account,
    prefix     text not null check (length(prefix) = 8),
    ttl        bigint not null check (ttl = -1 or ttl > 0),
    created_at timestamptz not null,
    -- Null for ever.
    expires_at timestamptz,
    check ((ttl = -1) = (expires_at is null))
);

-- A prefix names one token of a person. Serves ListAccessTokens.
create unique index access_token_prefix on access_token (user_id, prefix);

-- Serves the sweep that forgets dead ones.
create index access_token_by_end on access_token (expires_at) where expires_at is not null;

-- Mailed links that confirm an address of somebody in a voice account. A used one is kept until it
-- would have ended: it may be used again, and does nothing then.
create table confirmation (
    confirmation_id uuid primary key,
    user_id         uuid not null references app_user on delete cascade,
    email           text not null,
    token_hash      bytea not null unique,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    used_at         timestamptz
);

create index confirmation_by_user on confirmation (user_id);

-- Serves ResendConfirmation: an address that somebody wants to change to.
create index confirmation_by_email on confirmation (email) where used_at is null;

create index confirmation_by_end on confirmation (expires_at);
