-- Enterprises below another: $top and $count are replaced, $first tells those of different tops
-- apart. Every tenth of the first 10,000 has a chip.
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
insert into telecom.sim_card (iccid, company_id, provider, status, batch, created_at, updated_at)
select '8955' || lpad(n::text, 15, '0'), company_id, 'Vivo', 'available', 'L' || n % 100, now(), now()
  from made
 where n - $first <= 10000 and n % 10 = 0;

drop table made;
