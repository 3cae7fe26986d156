//! Listens for new jobs. A worker whose ear is deaf would still look every second, and nobody would
//! notice: so an ear that hears nothing makes sure that it could.

use std::time::Duration;

use graphile_worker::DbError;
use sqlx::PgPool;
use sqlx::postgres::PgListener;

const PAUSE: Duration = Duration::from_secs(1);

/// Listens to a channel of a database for as long as it lives, over one connection or another.
pub(super) struct Ear {
    pool: PgPool,
    channel: String,
    patience: Duration,
    listener: Option<PgListener>,
}

impl Ear {
    /// Begins to listen. After each `patience` of silence the database is asked whether it is there.
    ///
    /// # Errors
    /// The database's, or when it does not answer for as long as `patience`.
    pub(super) async fn open(
        pool: PgPool,
        channel: String,
        patience: Duration,
    ) -> Result<Self, DbError> {
        let mut ear = Self { pool, channel, patience, listener: None };
        ear.listen().await?;
        Ok(ear)
    }

    /// Waits until something is heard, or may have been missed.
    pub(super) async fn hear(&mut self) {
        loop {
            let Some(listener) = &mut self.listener else {
                match self.listen().await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, "cannot listen for jobs"),
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match tokio::time::timeout(self.patience, listener.recv()).await {
                Ok(Ok(_)) => return,
                Err(_) if is_there(listener, self.patience).await => {}
                _ => self.listener = None,
            }
        }
    }

    async fn listen(&mut self) -> Result<(), DbError> {
        let listen = async {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen(&self.channel).await?;
            Ok::<_, DbError>(listener)
        };
        let listener = tokio::time::timeout(self.patience, listen).await;
        self.listener = Some(listener.map_err(|_| DbError::new("the database does not answer"))??);
        Ok(())
    }
}

async fn is_there(listener: &mut PgListener, patience: Duration) -> bool {
    let asked = sqlx::query("select").execute(listener);
    tokio::time::timeout(patience, asked).await.is_ok_and(|answer| answer.is_ok())
}
