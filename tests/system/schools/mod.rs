//! The schools dialect, through its front door.

mod cast;
mod documents;
mod fuzz;
mod imports;
mod minors;
mod people;
mod programs;
mod story;

use harness::{Answer, World};
use serde_json::{Value, json};

/// The message of what is answered like what does not exist.
#[track_caller]
fn absent(answer: Answer, message: &str) {
    let body = json!({"Error": {"Code": "CLA001", "Message": message}});
    assert_eq!((answer.status, &answer.body), (400, &body));
}

/// The members of a list's rows by one name.
fn column<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = list.as_array().expect("a list");
    rows.iter().filter_map(|row| row[name].as_str()).collect()
}

/// Who read about an account, and by what.
async fn reads_of(world: &World, account_id: &str) -> Vec<(String, String)> {
    sqlx::query_as(
        "select reader, operation
           from identity.school_people_read
          where account_ids @> array[$1::uuid]
          order by read_at, read_id",
    )
    .bind(account_id)
    .fetch_all(&world.database().await)
    .await
    .expect("the audit trail")
}
