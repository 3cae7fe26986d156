//! Lines that wait for a number.

use brazil::AreaCode;
use chassis::Service;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{Lines, store};
use crate::error::Error;

/// Gives the free numbers of an area to the lines that wait for one, the oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ServeWaitingLines {
    pub(super) area_code: AreaCode,
}

impl ServeWaitingLines {
    /// Has it done once the transaction is committed.
    pub(crate) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        area_code: AreaCode,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(tx, &Self { area_code }, &area_code.to_string()).await
    }
}

impl Job for ServeWaitingLines {
    const NAME: &'static str = "serve_waiting_lines";
    type Context = Lines;

    async fn run(self, lines: Lines) -> anyhow::Result<()> {
        while serve_oldest(&lines, self.area_code).await? {}
        Ok(())
    }
}

/// Serves the line of an area that has waited longest; false when none waits or no number is
/// free. A second run waits for the first one's line, so nobody is overtaken.
async fn serve_oldest(lines: &Lines, area_code: AreaCode) -> Result<bool, Error> {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                match store::lock_oldest_waiting(&mut tx, area_code).await? {
                    Some(line_id) => lines.serve_waiting(&mut tx, line_id).await,
                    None => Ok(false),
                }
            })
        })
        .await
}
