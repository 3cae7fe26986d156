-- What an organization may have much of: $company and $connection are replaced, $count says how
-- much. Each employee has a hundred meetings.
set search_path to company;

insert into location (company_id, name, office_open_hour)
select '$company', 'Loja ' || n, n % 24 from generate_series(1, $count) as n;

create temporary table hired as
select gen_random_uuid() as employee_id, n from generate_series(0, $count / 100 - 1) as n;

insert into employee (employee_id, company_id, full_name, status, created_at, updated_at)
select employee_id, '$company', 'Ana ' || n, 'active', now(), now() from hired;

insert into meeting (company_id, employee_id, date_from, date_to, notes)
select '$company', hired.employee_id, '2020-01-01'::timestamptz + number * interval '10 minutes',
       '2020-01-01'::timestamptz + number * interval '10 minutes' + interval '1 hour',
       'Pauta ' || number
  from generate_series(1, $count) as number
  join hired on hired.n = number % ($count / 100);

insert into billing.bank_transaction
       (transaction_id, connection_id, company_id, provider_id, booked_on, amount_cents,
        description)
select gen_random_uuid(), '$connection', '$company', 'p' || n, '2026-11-01'::date - n % 900, n,
       'PIX ' || n
  from generate_series(1, $count) as n;

drop table hired;
