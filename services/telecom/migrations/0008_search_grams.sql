-- Rare terms are found by four letters in a row, kept apart for each company. Three letters, as
-- pg_trgm has them, are found in thousands of lines of a large company: putting a part of a
-- number or of an e-mail together from these took the longer the larger the company was.

drop index if exists line_search_by_text;

-- What a search text can be found by: three and four letters in a row of any value, and all ends
-- of a card's number. The company is a part of each, so that no list has lines of two companies.
create function search_grams(company_id uuid, text text) returns bigint[]
    language sql immutable parallel safe
    -- So much that no plan asks for it line by line.
    cost 10000
    return array(
        select hashtextextended(gram, seed)
          from hashtextextended(company_id::text, 0) as seed,
               unnest(string_to_array(text, e'\n')) as value,
               lateral (
                   select substr(value, place, length) as gram
                     from generate_series(3, 4) as length,
                          generate_series(1, length(value) - length + 1) as place
                    where value !~ '^[A-J]'
                    union all
                   select right(value, length) || e'\n'
                     from generate_series(3, length(value)) as length
                    where value ~ '^[A-J]'
               ) as part
    );

-- What of it texts must have that have a term of at least three letters, or a card's number with
-- that end.
create function search_term_grams(company_id uuid, term text) returns bigint[]
    language sql immutable parallel safe
    return array(
        select hashtextextended(gram, hashtextextended(company_id::text, 0))
          from (
                select term as gram
                 where length(term) = 3 or term like e'%\n'
                 union all
                select substr(term, least(place, length(term) - 3), 4)
                  from generate_series(1, length(term), 4) as place
                 where length(term) > 3 and term not like e'%\n'
          ) as part
    );

create index line_search_by_gram on line_search using gin (search_grams(company_id, text))
    with (fastupdate = off);

-- Statistics would be made of millions of grams, and no plan depends on them.
alter index line_search_by_gram alter column 1 set statistics 0;
