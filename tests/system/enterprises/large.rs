//! An enterprise with so many below it that telecom is not asked about all of them.

use std::fmt::Write as _;

use harness::World;
use sqlx::AssertSqlSafe;

use super::{Family, names};

/// More than telecom is asked about at first.
const COUNT: u32 = 1_300;
/// Everybody's chips, more of them than telecom names.
const FLOOD: u32 = 6_000;

/// Below the top: names in order, and the first of each three has a chip, the ICCIDs downwards;
/// of these a few are of a batch of their own.
fn filling(top: &str) -> String {
    let mut script = format!(
        "create temporary table made as
         select n, gen_random_uuid() as company_id, 'E' || lpad(n::text, 5, '0') as name,
                'large' || lpad(n::text, 10, '0') as public_id
           from generate_series(1, {COUNT}) as n;"
    );
    script += "
        insert into company.company
            (company_id, kind, official_name, status, search, created_at, updated_at)
        select company_id, 'enterprise', name, 'active', lower(name), now(), now() from made;
        insert into company.enterprise
            (company_id, public_id, cnpj, cnpj_key, is_main_client, name_lower, sort_name,
             search_lower)
        select company_id, public_id, n::text, n::text, false, lower(name), lower(name), lower(name)
          from made;";
    let _ = write!(
        script,
        "
        insert into company.affiliation (parent_id, child_id, state, created_at)
        select '{top}', company_id, 'active', now() from made;
        insert into company.enterprise_reach
            (top_id, company_id, sort_name, public_id, created_at)
        select t.top_id, company_id, lower(name), public_id, now()
          from made, lateral (values ('{top}'::uuid), (company_id)) as t (top_id);"
    );
    script
        + "
        insert into telecom.sim_card
            (iccid, company_id, provider, status, batch, created_at, updated_at)
        select '8955999' || lpad((90000 - n)::text, 12, '0'), company_id, 'Vivo', 'available',
               case when n % 400 = 1 then 'rare' else 'usual' end, now(), now()
          from made where n % 3 = 1;
        insert into telecom.device (company_id, device_id, name, created_at)
        select company_id, public_id, 'Rastreador', now() from made where n % 2 = 1;
        drop table made;"
}

fn flood() -> String {
    format!(
        "insert into telecom.sim_card
             (iccid, company_id, provider, status, batch, created_at, updated_at)
         select '8955888' || lpad(n::text, 12, '0'), gen_random_uuid(), 'Vivo', 'available',
                'usual', now(), now()
           from generate_series(1, {FLOOD}) as n"
    )
}

fn those(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("E{number:05}")).collect()
}

/// A part of what is in a list.
fn page(all: &[String], skip: usize, limit: usize) -> Vec<String> {
    all.iter().skip(skip).take(limit).cloned().collect()
}

#[tokio::test]
async fn of_many_enterprises_the_same_are_found_in_whatever_way() {
    let world = World::own().await;
    let family = Family::new(&world).await;
    let database = world.database().await;
    let script = filling(&family.company_id);
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&database).await.unwrap();
    let with_chips: Vec<u32> = (1..=COUNT).filter(|n| n % 3 == 1).collect();
    let usual = those(with_chips.iter().copied().filter(|n| n % 400 != 1));
    let rare = those(with_chips.iter().copied().filter(|n| n % 400 == 1));
    let both = those((1..=COUNT).filter(|n| n % 6 == 1 && n % 400 != 1));
    // The lowest ICCIDs are those of the last, and who has no chip comes after all who have.
    let without = those((1..=COUNT).filter(|n| n % 3 != 1));
    let top = vec!["Topo".to_owned()];
    let by_serial = [those(with_chips.iter().rev().copied()), without, top].concat();
    let names_of = async |query: &str| {
        let list = family.get(&format!("?attributes[]=name&{query}")).await;
        names(&list).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for round in ["few have chips", "many have chips"] {
        if round == "many have chips" {
            sqlx::raw_sql(AssertSqlSafe(flood())).execute(&database).await.unwrap();
        }
        for (query, expected) in [
            ("filters[chips.batch][eq]=rare", &rare),
            ("filters[chips.batch][eq]=usual", &usual),
            ("filters[chips.batch][eq]=usual&filters[device.name][sw]=rast", &both),
        ] {
            for limit in [7, 100] {
                for number in [1, 2, expected.len() / limit, expected.len() / limit + 1, 99] {
                    let number = number.max(1);
                    let found = names_of(&format!("{query}&limit={limit}&page={number}")).await;
                    let expected = page(expected, (number - 1) * limit, limit);
                    assert_eq!(found, expected, "{query} {limit} {number}, {round}");
                }
            }
            let counted = family.get(&format!("?{query}&count=true&limit=1")).await;
            assert_eq!(counted["meta"]["total"], expected.len(), "{query}, {round}");
        }
        let last = names_of("filters[chips.batch][eq]=usual&sort[name]=-1&limit=1").await;
        assert_eq!(last, page(&usual, usual.len() - 1, 1), "{round}");
        let named = "filters[chips.batch][eq]=usual&filters[enterprise.name][ew]=7&limit=3";
        let sevens: Vec<String> =
            usual.iter().filter(|name| name.ends_with('7')).cloned().collect();
        assert_eq!(names_of(named).await, sevens[..3], "{round}");
        for number in [1, 4, 5, 6, 13] {
            let query = format!("sort[serial]=1&sort[name]=1&limit=100&page={number}");
            let expected = page(&by_serial, (number - 1) * 100, 100);
            assert_eq!(names_of(&query).await, expected, "{number}, {round}");
        }
        let highest = names_of("sort[serial]=-1&limit=2").await;
        assert_eq!(highest, those([1, 4]), "{round}");
        let counted = family.get("?sort[serial]=1&count=1&limit=1").await;
        assert_eq!(counted["meta"]["total"], COUNT + 1, "{round}");
    }
}
