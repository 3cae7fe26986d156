-- A person's file at a company. CPF and birth date are sealed; the fingerprint finds a CPF.
create table employee (
    employee_id           uuid primary key,
    company_id            uuid not null
                          constraint employee_company references company (company_id),
    full_name             text not null,
    social_name           text,
    status                text not null check (status in ('active', 'terminated')),
    work_email            text,
    personal_email        text,
    work_phone_number     text,
    personal_phone_number text,
    cpf_sealed            bytea,
    cpf_fingerprint       bytea,
    position              text,
    area                  text,
    birth_date_sealed     bytea,
    user_id               uuid,
    admitted_at           timestamptz,
    terminated_at         timestamptz,
    address               jsonb,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    check ((cpf_sealed is null) = (cpf_fingerprint is null)),
    check (terminated_at >= admitted_at)
);

-- A work e-mail belongs to one active colleague; who left frees it.
create unique index employee_work_email on employee (company_id, work_email)
    where status = 'active';

-- Serves ListEmployees.
create index employee_by_company on employee (company_id, employee_id);

-- Serve FindAffiliations.
create index employee_by_work_email on employee (work_email) where status = 'active';
create index employee_by_personal_email on employee (personal_email) where status = 'active';
