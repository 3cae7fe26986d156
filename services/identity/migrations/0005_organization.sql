-- Who is in an organization is a role with a name of its own; owners are managers who decide about
-- owners.
alter table grant_
    add column grant_id uuid not null default gen_random_uuid() constraint grant_by_id unique,
    add column is_owner boolean not null default false
        check (not is_owner or role = 'manager');

-- Mailed links by which somebody joins an organization.
create table organization_invitation (
    invitation_id uuid primary key,
    company_id    uuid not null,
    email         text not null,
    role          text not null check (role in ('owner', 'admin', 'member')),
    token_hash    bytea not null unique,
    invited_by    text not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    accepted_at   timestamptz
);

create index organization_invitation_by_company
    on organization_invitation (company_id, created_at);

-- One that waits for each address.
create unique index organization_invitation_waiting
    on organization_invitation (company_id, email) where accepted_at is null;
