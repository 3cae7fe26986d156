-- Enterprises below another: $top and $count are replaced, $first tells those of different tops
-- apart. Every tenth has a chip, of which each second has a number, and every twentieth a device.
set search_path to company, extensions;

create temporary table made as
select n, gen_random_uuid() as company_id,
       lpad(n::text, 15, '0') as public_id,
       (array['Transportes', 'Águas', 'Cargas', 'Frota', 'Rastro', 'Logística', 'Vale'])[1 + n % 7]
       || ' ' ||
       (array['do Norte', 'do Sul', 'Araucária', 'Ipê', 'Verde'])[1 + n / 7 % 5]
       || ' ' || md5(n::text) as name
  from generate_series($first + 1, $first + $count) as n;

insert into company (company_id, kind, official_name, status, search, created_at, updated_at)
select company_id, 'enterprise', name, 'active', lower(name),
       now() + n * interval '1 second', now()
  from made;
insert into enterprise (company_id, public_id, cnpj, cnpj_key, is_main_client, name_lower,
                        sort_name, search_lower)
select company_id, public_id, n::text, n::text, false, lower(name),
       translate(lower(name), 'áíêã', 'aiea'), lower(name) || E'\n\n'
  from made;
insert into affiliation (parent_id, child_id, state, created_at)
select '$top', company_id, 'active', now() from made;
insert into enterprise_reach (top_id, company_id, sort_name, public_id, created_at)
select t.top_id, company_id, translate(lower(name), 'áíêã', 'aiea'), public_id,
       now() + n * interval '1 second'
  from made, lateral (values ('$top'::uuid), (company_id)) as t (top_id);

create temporary table chip as
select n, company_id, gen_random_uuid() as line_id, '8955' || lpad(n::text, 15, '0') as iccid,
       '+55119' || lpad((n * 7919 % 100000000)::text, 8, '0') as phone_number
  from made
 where n % 10 = 0;
-- What triggers would do for each line is nothing that these lists ask for.
set session_replication_role = replica;
insert into telecom.line (line_id, company_id, visible_to_user, provider, phone_number, iccid,
                          status, plan_id, area_code, awaiting_approval, number_assigned_at,
                          activated_at, created_at, updated_at)
select line_id, company_id, false, 'Vivo', phone_number, iccid, 'active', gen_random_uuid(), 11,
       false, now(), now(), now(), now()
  from chip
 where n % 20 = 0;
set session_replication_role = default;
insert into telecom.sim_card (iccid, company_id, provider, status, line_id, batch, created_at,
                              updated_at)
select iccid, company_id, 'Vivo', case when n % 20 = 0 then 'in_use' else 'available' end,
       case when n % 20 = 0 then line_id end, 'L' || n % 100, now(), now()
  from chip;
insert into telecom.device (company_id, device_id, name, code, created_at)
select company_id, public_id, 'Rastreador ' || n, 'R-' || n % 1000, now()
  from made
 where n % 20 = 0;

drop table chip;
drop table made;
