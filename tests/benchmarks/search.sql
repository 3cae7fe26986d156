-- Lines of a company, set by set: $company, $plan and $lines are replaced, $first tells numbers
-- and cards of different companies apart.
set search_path to telecom, extensions;
alter table line disable trigger user;
alter table line_search disable trigger user;

create temporary table made as
select n, '$company'::uuid as company_id,
       hashtextextended('line ' || n, 0) & 2147483647 as random,
       overlay(overlay(gen_random_uuid()::text placing '7' from 15)
               placing lpad(to_hex(n), 8, '0') from 1)::uuid as line_id,
       gen_random_uuid() as user_id
  from generate_series($first + 1, $first + $lines) as n;

create function pg_temp.with_check_digit(digits text) returns text language sql immutable
    return digits || (
        select (10 - sum(case when place % 2 = 0 then digit
                              when digit > 4 then digit * 2 - 9
                              else digit * 2 end) % 10) % 10
          from generate_series(1, length(digits)) as place,
               cast(substr(digits, length(digits) + 1 - place, 1) as integer) as digit
    );

create temporary table named as
select *,
       (array['Maria', 'José', 'João', 'Ana', 'Antônio', 'Francisca', 'Carlos', 'Márcia', 'Lucas',
              'Conceição', 'Luís', 'Sônia'])[1 + random % 12]
       || ' ' ||
       (array['da Silva', 'dos Santos', 'Oliveira', 'Souza', 'Araújo', 'Ferreira', 'Gonçalves',
              'Pereira', 'Lima', 'Gomes', 'Ribeiro', 'Carvalho', 'Rocha', 'Nascimento', 'Nunes',
              'Teixeira', 'Vieira'])[1 + random / 12 % 17]
       || ' ' ||
       (array['Alves', 'Barbosa', 'Costa', 'Dias', 'Esteves', 'Freitas', 'Guimarães', 'Lopes',
              'Machado', 'Neves', 'Pinto', 'Queiroz', 'Ramos'])[1 + random / 204 % 13] as name
  from made;

insert into person (user_id, email, full_name, sequence)
select user_id, lower(split_part(name, ' ', 3)) || '.' || n || '@empresa.example', name, 1
  from named;

insert into line (
    line_id, company_id, user_id, visible_to_user, provider, phone_number, iccid, status, plan_id,
    area_code, awaiting_approval, tag, custom_fields, number_assigned_at, activated_at, created_at,
    updated_at
)
select line_id, company_id, user_id, true, 'americanet', '+5541' || (910000000 + n * 79)::text,
       pg_temp.with_check_digit('8955' || lpad((n::bigint * 7919)::text, 14, '0')), 'active', '$plan', 41, false,
       (array['Vendas', 'Suporte', 'Logística', null])[1 + random % 4],
       jsonb_build_object('Equipamento', (array['Motorola Edge', 'Samsung Galaxy', 'iPhone'])
                                             [1 + random % 3],
                          'Centro de custo', 'CC-' || random % 5000),
       now(), now(), now(), now()
  from named;

insert into line_search (company_id, line_id, text)
select line.company_id, line.line_id,
       search_text(line.phone_number, line.iccid, line.tag, line.custom_fields, person)
  from named
  join line using (line_id)
  join person on person.user_id = line.user_id;

drop function pg_temp.with_check_digit;
drop table named;
drop table made;
alter table line enable trigger user;
alter table line_search enable trigger user;
