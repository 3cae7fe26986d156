-- A page of a company's lines that have a term, newest first, and how many have it in all.
--
-- $1 company, $2 term, $3 its length, $4 what texts have where a card's number ends in it (null
-- when it is no number), $5 last line of the page before, $6 lines to leave out, $7 lines wanted.
--
-- Terms with a count, and all that are short in a company that is counted, are found by it: the
-- stretches that the page lies in are read, and nothing else. Other terms are rare, or the company
-- is small: what has them is listed whole.
with base as materialized (
    select base.bounds, coalesce(count.stretches, '{}') as stretches,
           coalesce(count.counts, '{}') as counts
      from search_count_base as base
      left join search_count_term as term
             on term.company_id = base.company_id and term.term = $2
      left join search_count as count
             on count.company_id = term.company_id and count.count_id = term.count_id
     where base.company_id = $1 and (term.term is not null or $3 <= base.complete)
),
-- Each way apart: together they would have all grams of every line that is found made again.
listed as materialized (
    select line_id
      from line_search
     where not exists (select from base)
       and company_id = $1
       and $3 < 3
       and (strpos(text, $2) > 0 or strpos(text, $4) > 0)
     union
    select line_id
      from line_search
     where not exists (select from base)
       and company_id = $1
       and $3 >= 3
       and search_grams(company_id, text) @> search_term_grams($1, $2)
       and strpos(text, $2) > 0
     union
    select line_id
      from line_search
     where not exists (select from base)
       and company_id = $1
       and $3 >= 3
       and search_grams(company_id, text) @> search_term_grams($1, $4)
       and strpos(text, $4) > 0
),
stretch as materialized (
    select stretch, sum(lines)::integer as lines
      from (select unnest(stretches) as stretch, unnest(counts) as lines
              from base
             union all
            select width_bucket(change.line_id, base.bounds),
                   coalesce(strpos(after, $2) > 0 or strpos(after, $4) > 0, false)::integer
                       - coalesce(strpos(before, $2) > 0 or strpos(before, $4) > 0, false)
                           ::integer
              from base, search_change as change
             where change.company_id = $1) as part
     group by stretch
    having sum(lines) > 0
),
-- What a page token leaves of it.
rest as (
    select stretch, lines
      from stretch, base
     where $5::uuid is null or stretch < width_bucket($5, bounds)
     union all
    select width_bucket($5, bounds),
           (select count(*)::integer
              from line_search
             where company_id = $1
               and line_id >= bounds[width_bucket($5, bounds)] and line_id < $5
               and (strpos(text, $2) > 0 or strpos(text, $4) > 0))
      from base
     where $5 is not null
),
ranked as (
    select stretch, lines, sum(lines) over (order by stretch desc) - lines as newer from rest
),
needed as materialized (
    select newer, bounds[stretch] as first,
           least(bounds[stretch + 1], $5, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as past
      from ranked, base
     where newer < $6 + $7 and newer + lines > $6
),
page as (
    (select found.line_id
       from needed
      cross join lateral (
                select line_id
                  from line_search
                 where company_id = $1 and line_id >= first and line_id < past
                   and (strpos(text, $2) > 0 or strpos(text, $4) > 0)
                offset 0
            ) as found
      order by found.line_id desc
     offset $6 - (select coalesce(min(newer), 0) from needed)
      limit $7)
    union all
    (select line_id
       from listed
      where $5 is null or line_id < $5
      order by line_id desc
     offset $6
      limit $7)
)
select case when exists (select from base)
            then (select coalesce(sum(lines), 0) from stretch)
            else (select count(*) from listed) end::bigint as total,
       (select lines from search_count_base where company_id = $1 and complete >= 0)
           as lines_counted,
       (select count(*) from search_change where company_id = $1) as changes,
       line.*, person.email, person.full_name, person.social_name
  from (select) as answer
  left join page on true
  left join line on line.line_id = page.line_id
  left join person on person.user_id = line.user_id
 order by page.line_id desc
