//! What lines offer to the porting of numbers.

use brazil::{CompanyId, LineId, MobileNumber, UserId};
use chassis::{Service, timestamp};
use proto::events::v1::LineNumberChanged;
use sqlx::PgConnection;
use time::Duration;

use super::{Line, Lines, Status, store};
use crate::error::Error;
use crate::timeline::{self, Actor, Entry, Facts};

const QUARANTINE: Duration = Duration::days(180);

impl Line {
    /// The company that owns the contract; none for a person's own line.
    pub(crate) fn company_id(&self) -> Option<CompanyId> {
        self.company_id
    }

    /// The person who uses it.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.user_id
    }

    /// The number it has.
    pub(crate) fn phone_number(&self) -> Option<&MobileNumber> {
        self.phone_number.as_ref()
    }

    /// Whether it works.
    pub(crate) fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

impl Lines {
    /// What lines share with the rest of the service.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Reads a line and locks it until the transaction ends.
    ///
    /// # Errors
    /// [`Error::LineNotFound`].
    pub(crate) async fn lock(&self, tx: &mut PgConnection, line_id: LineId) -> Result<Line, Error> {
        store::lock(tx, line_id).await?.ok_or(Error::LineNotFound(line_id))
    }

    /// Gives a line that the transaction has locked the number that it brings along.
    pub(crate) async fn number_ported_in(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        number: &MobileNumber,
        actor: &Actor,
    ) -> Result<(), Error> {
        let now = self.service.clock.now();
        sqlx::query(
            "update phone_number
                set state = case state when 'ported_in' then state else 'quarantined' end,
                    free_from = case state when 'ported_in' then null else $2 end,
                    line_id = null, updated_at = $3
              where line_id = $1",
        )
        .bind(line.line_id.0)
        .bind(now + QUARANTINE)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "insert into phone_number (number, area_code, state, line_id, created_at, updated_at)
             values ($1, $2, 'ported_in', $3, $4, $4)
             on conflict (number) do update
                set state = 'ported_in', free_from = null, line_id = $3, updated_at = $4",
        )
        .bind(number.as_str())
        .bind(i16::from(u8::from(number.area_code())))
        .bind(line.line_id.0)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "update line
                set phone_number = $2, is_portability = true, number_assigned_at = $3,
                    updated_at = $3
              where line_id = $1",
        )
        .bind(line.line_id.0)
        .bind(number.as_str())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let previous = line.phone_number.as_ref().map(ToString::to_string);
        let entry = Entry {
            line_id: line.line_id,
            company_id: line.company_id,
            at: now,
            actor: actor.clone(),
            action: "number_changed",
            before: previous.iter().map(|number| ("phone_number", number.clone())).collect(),
            after: Facts::from([
                ("phone_number", number.to_string()),
                ("is_portability", true.to_string()),
            ]),
            reason: None,
        };
        timeline::record(tx, &entry).await?;
        let changed = LineNumberChanged {
            line_id: line.line_id.to_string(),
            company_id: line.company_id.map(|id| id.to_string()),
            user_id: line.user_id.map(|id| id.to_string()),
            phone_number: number.to_string(),
            previous_phone_number: previous,
            is_portability: true,
            changed_at: Some(timestamp::to_proto(now)),
        };
        Ok(self.service.outbox.publish(tx, line.line_id, &changed).await?)
    }
}
