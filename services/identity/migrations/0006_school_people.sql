-- Programs have as many secrets as they need to change them, and a kind of data that their
-- tokens are good for.
create table client_secret (
    secret_id   uuid primary key,
    client_id   text not null references client_app,
    secret_hash bytea not null,
    created_at  timestamptz not null
);

create index client_secret_by_client on client_secret (client_id, created_at);

insert into client_secret (secret_id, client_id, secret_hash, created_at)
select gen_random_uuid(), client_id, secret_hash, created_at from client_app;

alter table client_app
    drop column secret_hash,
    add column kind text not null default 'lines' check (kind in ('lines', 'schools')),
    add column active boolean not null default true,
    -- Raised when its tokens end.
    add column epoch bigint not null default 0;
alter table client_app alter column kind drop default;

-- What people are in schools. Fixed: never edited.
create table school_profile (
    code        smallint primary key,
    type        text not null unique,
    name        text not null,
    description text not null,
    -- As it is printed.
    id          text not null unique,
    position    smallint not null unique,
    -- Looks after the people of the school.
    is_staff    boolean not null
);

insert into school_profile (position, code, type, name, description, id, is_staff) values
    (1, 8, 'SchoolAdmin', 'Admin Escola', 'Administrador de Escola.',
     '00000000-0000-0000-0000-000000000000', true),
    (2, 3, 'Manager', 'Gestor', 'Diretor de escola.',
     '06FD2708-609F-4994-A8C9-269A746BA17E', true),
    (3, 4, 'Secretary', 'Secretaria', 'Atende a secretaria e mantém os cadastros.',
     '1a066b2c-2af7-5684-9f11-c852cae82c4e', true),
    (4, 5, 'Marketing', 'Marketing', 'Cuida da comunicação da escola.',
     '0ccea392-f03f-5ee8-ad23-26828e940f6e', false),
    (5, 6, 'FinancialOperator', 'Operador Financeiro', 'Opera cobranças e pagamentos.',
     '91f7533c-2def-580c-b2fa-816aa7ac4e07', false),
    (6, 2, 'Coordinator', 'Coordenador', 'Coordena turmas e professores.',
     'c6c15503-8701-5b3e-b515-2cf11804eb8e', true),
    (7, 7, 'Assistant', 'Assistente', 'Apoia a equipe da escola.',
     '681da417-3bc9-51d1-8724-56e7367f6510', false),
    (8, 9, 'Operator', 'Operador', 'Executa rotinas operacionais.',
     'fbae72f5-d726-5fb8-858b-cfba0a03eebc', false),
    (9, 1, 'Student', 'Aluno', 'Estudante matriculado.',
     'f18dc123-be48-4a74-b8b9-88403eb8d123', false),
    (10, 10, 'Nutritionist', 'Nutricionista', 'Responde pela alimentação escolar.',
     'f75d5570-d84a-55c6-b0da-f2957d3ae2b0', false),
    (11, 11, 'Reviewer', 'Revisor', 'Revisa conteúdos e avaliações.',
     '951d36d7-46fc-5f20-b17a-cc6673a2cee7', false),
    (12, 12, 'Commercial', 'Comercial', 'Atende matrículas e vendas.',
     '27782eca-72e1-5d81-aae4-3b8fa911f3e6', false),
    (13, 13, 'Sponsor', 'Responsável', 'Responde por um ou mais alunos.',
     '7ba94caf-ae3d-5c31-a74e-fb8e750b92a6', false),
    (14, 14, 'OperationAdmin', 'Admin Operação', 'Administra a operação do grupo.',
     'c3e5ba2b-17b5-537f-ad38-e6aa189e7bf8', true),
    (15, 15, 'Teacher', 'Professor', 'Leciona nas turmas.',
     '2011ede3-0ef9-5182-96b5-1b7c9e9eb913', false),
    (16, 16, 'Nurse', 'Enfermeiro', 'Cuida da saúde na escola.',
     '4a15367d-bbdc-548b-a96f-8d47b798d118', false);

-- Somebody who was put into a school and never logged in has an account without an address: what
-- stands on their record is for contact, and a family may share it.
alter table app_user
    drop constraint app_user_state_check,
    add constraint app_user_state_check
        check (state in ('opening', 'active', 'disabled', 'replaced', 'imported')),
    alter column email drop not null,
    add constraint app_user_address check ((email is null) = (state = 'imported'));

-- An invitation of such a person makes this address their login.
alter table invitation add column email text;

-- A record of somebody in a school. Rows are never deleted.
create table school_person (
    person_id         uuid primary key,
    school_id         uuid not null,
    -- What the operator calls it.
    reference         text not null,
    user_id           uuid not null references app_user,
    external_id       text,
    name              text not null,
    email             text,
    academic_email    text,
    ddi               text,
    cell_phone_number text,
    -- Document and date of birth.
    private_sealed    bytea not null,
    -- Of CPF and date of birth together: both are known, and the CPF is one.
    human_fingerprint bytea,
    profiles          smallint[] not null check (cardinality(profiles) > 0),
    active            boolean not null,
    made_here         boolean not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    constraint school_person_reference unique (school_id, reference),
    constraint school_person_account unique (school_id, user_id)
);

create unique index school_person_external_id on school_person (school_id, external_id)
    where external_id is not null;

-- Serves ListSchoolPeople.
create index school_person_by_name on school_person (school_id, name, person_id);

-- Serves the reads of an account, and the roles in a session.
create index school_person_by_account on school_person (user_id);

-- Serves finding the same human in another school.
create index school_person_by_human on school_person (human_fingerprint)
    where human_fingerprint is not null;

-- Who answers for whom.
create table guardianship (
    guardian_id  uuid not null references app_user,
    dependent_id uuid not null references app_user,
    active       boolean not null,
    updated_at   timestamptz not null,
    primary key (guardian_id, dependent_id),
    check (guardian_id <> dependent_id)
);

create index guardianship_by_dependent on guardianship (dependent_id);

-- Who uses which partner's product, and in which school.
create table school_consumption (
    client_id  text not null references client_app,
    person_id  uuid not null references school_person,
    active     boolean not null,
    updated_at timestamptz not null,
    primary key (client_id, person_id)
);

create index school_consumption_by_person on school_consumption (person_id);

-- Who read whose data, without the data. A list is one row for each of its parts.
create table school_people_read (
    read_id     uuid primary key,
    reader      text not null,
    operation   text not null,
    -- The schools that it was about, where it was.
    school_ids  uuid[] not null,
    account_ids uuid[] not null,
    read_at     timestamptz not null
);

-- Serves the question who read about somebody.
create index school_people_read_by_account on school_people_read using gin (account_ids);
