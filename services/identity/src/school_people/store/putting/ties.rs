//! Putting what ties people to each other and to programs.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::school_people::{Bad, ConsumptionInput, GuardianshipInput};

const UNKNOWN: &str = "is nobody's in the school";

/// Puts guardianships, of which no two are of the same two records; answers each in its place.
pub(crate) async fn guardianships(
    tx: &mut PgConnection,
    inputs: &[GuardianshipInput],
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Result<(), Bad>>> {
    let found: Vec<(Option<Uuid>, Option<Uuid>)> = sqlx::query_as(
        "select a.user_id, b.user_id
           from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality
                    as g (school_id, guardian, dependent, place)
           left join school_person a on a.school_id = g.school_id and a.reference = g.guardian
           left join school_person b on b.school_id = g.school_id and b.reference = g.dependent
          order by g.place",
    )
    .bind(inputs.iter().map(|input| input.school_id).collect::<Vec<_>>())
    .bind(inputs.iter().map(|input| input.guardian_reference.as_str()).collect::<Vec<_>>())
    .bind(inputs.iter().map(|input| input.dependent_reference.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    // The same two may be in two schools: the last word counts.
    let mut put: HashMap<(Uuid, Uuid), bool> = HashMap::new();
    let answers = inputs
        .iter()
        .zip(found)
        .map(|(input, found)| match found {
            (None, _) => Err(Bad::new("guardian_reference", UNKNOWN)),
            (_, None) => Err(Bad::new("dependent_reference", UNKNOWN)),
            (Some(one), Some(other)) if one == other => {
                Err(Bad::new("dependent_reference", "is the guardian's own account"))
            }
            (Some(guardian), Some(dependent)) => {
                put.insert((guardian, dependent), input.active);
                Ok(())
            }
        })
        .collect();
    sqlx::query(
        "insert into guardianship (guardian_id, dependent_id, active, updated_at)
         select guardian_id, dependent_id, active, $4
           from unnest($1::uuid[], $2::uuid[], $3::boolean[])
                as g (guardian_id, dependent_id, active)
         on conflict (guardian_id, dependent_id) do update
            set active = excluded.active, updated_at = excluded.updated_at",
    )
    .bind(put.keys().map(|(guardian, _)| *guardian).collect::<Vec<_>>())
    .bind(put.keys().map(|(_, dependent)| *dependent).collect::<Vec<_>>())
    .bind(put.values().copied().collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(answers)
}

/// Puts consumptions, of which no two are of the same record and program; answers each in its
/// place.
pub(crate) async fn consumptions(
    tx: &mut PgConnection,
    inputs: &[ConsumptionInput],
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Result<(), Bad>>> {
    let found: Vec<(Option<Uuid>, bool)> = sqlx::query_as(
        "select p.person_id, a.client_id is not null
           from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality
                    as g (school_id, person, client_id, place)
           left join school_person p on p.school_id = g.school_id and p.reference = g.person
           left join client_app a on a.client_id = g.client_id and a.kind = 'schools'
          order by g.place",
    )
    .bind(inputs.iter().map(|input| input.school_id).collect::<Vec<_>>())
    .bind(inputs.iter().map(|input| input.person_reference.as_str()).collect::<Vec<_>>())
    .bind(inputs.iter().map(|input| input.client_id.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let mut put: HashMap<(&str, Uuid), bool> = HashMap::new();
    let answers = inputs
        .iter()
        .zip(found)
        .map(|(input, found)| match found {
            (None, _) => Err(Bad::new("person_reference", UNKNOWN)),
            (_, false) => Err(Bad::new("client_id", "is not known")),
            (Some(person_id), true) => {
                put.insert((input.client_id.as_str(), person_id), input.active);
                Ok(())
            }
        })
        .collect();
    sqlx::query(
        "insert into school_consumption
             (client_id, person_id, school_id, name, active, updated_at)
         select g.client_id, person_id, p.school_id, p.name, g.active, $4
           from unnest($1::text[], $2::uuid[], $3::boolean[]) as g (client_id, person_id, active)
           join school_person p using (person_id)
         on conflict (client_id, person_id) do update
            set active = excluded.active, updated_at = excluded.updated_at",
    )
    .bind(put.keys().map(|(client_id, _)| *client_id).collect::<Vec<_>>())
    .bind(put.keys().map(|(_, person_id)| *person_id).collect::<Vec<_>>())
    .bind(put.values().copied().collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(answers)
}
