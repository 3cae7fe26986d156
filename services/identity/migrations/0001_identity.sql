-- Keys that tokens are signed with. The newest one whose time has come signs; the one after it
-- is known long before, so that nobody meets a key they have never heard of.
create table signing_key (
    key_id             text primary key,
    private_key_sealed bytea not null,
    public_key         bytea not null check (octet_length(public_key) = 32),
    created_at         timestamptz not null,
    activates_at       timestamptz not null unique
);

-- People. An unproven account makes way for whoever proves its address: it ends as 'replaced'
-- and keeps only what it made itself.
create table app_user (
    user_id              uuid primary key,
    email                text not null,
    email_proven_at      timestamptz,
    -- The proof that other contexts were last told of.
    announced_at         timestamptz,
    full_name            text,
    social_name          text,
    phone_number         text,
    cpf_sealed           bytea,
    cpf_fingerprint      bytea,
    date_of_birth_sealed bytea,
    address_sealed       bytea,
    state                text not null check (state in ('active', 'disabled', 'replaced')),
    epoch                bigint not null default 0,
    created_at           timestamptz not null,
    updated_at           timestamptz not null,
    check ((cpf_sealed is null) = (cpf_fingerprint is null))
);

-- One account for an address; addresses are in lower case.
create unique index app_user_email on app_user (email) where state <> 'replaced';

-- A user without a row here was invited, and cannot log in but by the mailed link.
create table credential (
    user_id       uuid primary key references app_user on delete cascade,
    password_hash text not null,
    updated_at    timestamptz not null
);

-- Roles. Those of a user whose e-mail is not proven sleep.
create table grant_ (
    user_id    uuid not null references app_user on delete cascade,
    role       text not null check (role in ('operator', 'manager', 'member')),
    company_id uuid,
    granted_by text not null,
    created_at timestamptz not null,
    check ((role = 'operator') = (company_id is null))
);

-- One row for a role in a company, and one for the role on the platform.
create unique index grant_once on grant_
    (user_id, role, coalesce(company_id, '00000000-0000-0000-0000-000000000000'));

-- Partners' programs. The secret is random enough for a plain hash.
create table client_app (
    client_id   text primary key,
    secret_hash bytea not null,
    name        text not null,
    product     text not null,
    created_by  text not null,
    created_at  timestamptz not null
);

-- Whose tokens ended early; kept as long as such tokens could live.
create table revocation (
    subject    text primary key,
    epoch_min  bigint not null,
    revoked_at timestamptz not null
);

-- Serves ListRevocations: what happened since.
create index revocation_by_time on revocation (revoked_at);

-- Forms on the way to a user and a line.
create table signup_form (
    form_id            uuid primary key,
    email              text not null,
    email_proven_at    timestamptz,
    -- What the form was given, and, apart from it, what an employee's file knows.
    own_sealed         bytea not null,
    prefill_sealed     bytea,
    plan_id            uuid,
    company_id         uuid,
    area_code          smallint,
    -- The partner that opened it.
    partner            text,
    -- The company that somebody with a right to it put on the form.
    vouched_company_id uuid,
    link_hash          bytea,
    link_expires_at    timestamptz,
    -- Whom it became.
    user_id            uuid references app_user on delete cascade,
    completed_at       timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    check ((user_id is null) = (completed_at is null)),
    check ((link_hash is null) = (link_expires_at is null))
);

-- Serves the proof of an e-mail: the form that its user came from.
create index signup_form_by_user on signup_form (user_id) where user_id is not null;

-- Serves the sweep that forgets old forms.
create index signup_form_by_age on signup_form (updated_at);

-- Mailed links that prove an address: the user's own, or a new one.
create table email_proof (
    proof_id   uuid primary key,
    user_id    uuid not null references app_user on delete cascade,
    email      text not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index email_proof_by_user on email_proof (user_id);

-- Serves the sweep that forgets what is too old.
create index email_proof_by_end on email_proof (expires_at);

-- Mailed links that give an invited user a password; a new one replaces the old one.
create table invitation (
    invitation_id uuid primary key,
    user_id       uuid not null unique references app_user on delete cascade,
    token_hash    bytea not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null
);

create index invitation_by_end on invitation (expires_at);

-- Mailed links that replace a forgotten password. request_id is that of the request for it, so
-- that one request makes one link.
create table password_reset (
    request_id  uuid primary key,
    user_id     uuid not null references app_user on delete cascade,
    secret_hash bytea not null unique,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);

create index password_reset_by_user on password_reset (user_id);
create index password_reset_by_end on password_reset (expires_at);

-- Counted attempts: of log-ins that failed, of resets asked for. `subject` is a keyed fingerprint
-- of what is counted and of whose it is.
create table attempt (
    subject    bytea primary key,
    count      integer not null check (count >= 0),
    started_at timestamptz not null,
    ends_at    timestamptz not null
);

create index attempt_by_end on attempt (ends_at);
