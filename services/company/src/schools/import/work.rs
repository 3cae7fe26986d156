//! One import, from its first row to its report.

use std::collections::{BTreeSet, HashMap};

use chassis::Service;
use chassis::crash;
use chassis::refusal::invalid;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::company::v1::import_schools_request::Part;
use sqlx::{Acquire, PgConnection};
use tonic::Streaming;
use uuid::Uuid;

use super::rows::{LAST_OWN, Phase, Seen, own, prefix};
use super::{PART_MAX, ROWS_MAX, Refused, Report, people, store};
use crate::error::Error;
use crate::schools::rpc::unknown_clients;
use crate::schools::store as schools;

/// An import that was started.
pub(super) struct Import {
    pub(super) service: Service,
    import_id: Uuid,
    /// Names the kept rows: an import that broke off is done again from its beginning.
    pub(super) attempt_id: Uuid,
    imported_by: String,
    pub(super) dry_run: bool,
}

/// Known schools by the operator's names of them.
pub(super) type SchoolIds = HashMap<String, Uuid>;

impl Import {
    pub(super) fn new(
        service: Service,
        import_id: Uuid,
        imported_by: String,
        dry_run: bool,
    ) -> Self {
        Self { service, import_id, attempt_id: Uuid::now_v7(), imported_by, dry_run }
    }

    /// Receives all rows and puts them.
    pub(super) async fn run(
        &self,
        mut stream: Streaming<pb::ImportSchoolsRequest>,
    ) -> Result<Report, Error> {
        // A connection of its own, with which the claim ends, whatever happens.
        let mut claim = self.service.db.acquire().await?.detach();
        if !store::claim(&mut claim, self.import_id).await? {
            return Err(Error::ImportRunning);
        }
        let done = match store::report(&self.service.db, self.import_id).await? {
            Some(report) => {
                while stream.message().await?.is_some() {}
                Ok(report)
            }
            None => {
                let done = self.receive_and_put(&mut stream).await;
                store::forget(&self.service.db, self.attempt_id).await?;
                done
            }
        };
        // Whoever hears of the end may begin again at once.
        store::unclaim(&mut claim, self.import_id).await?;
        done
    }

    async fn receive_and_put(
        &self,
        stream: &mut Streaming<pb::ImportSchoolsRequest>,
    ) -> Result<Report, Error> {
        let (seen, mut refused) = self.receive(stream).await?;
        let unknown = self.unknown_clients(&seen).await?;
        let school_ids = self.put_own(&seen, &unknown, &mut refused).await?;
        crash::point("company.schools_imported").await;
        refused.extend(people::hand_over(self, &school_ids).await?);
        crash::point("company.school_people_imported").await;
        refused.sort_by_key(|refused| refused.row_number);
        let report = Report { rows: seen.count, refused, replayed: false };
        if !self.dry_run {
            self.finish(&report).await?;
        }
        Ok(report)
    }

    async fn receive(
        &self,
        stream: &mut Streaming<pb::ImportSchoolsRequest>,
    ) -> Result<(Seen, Vec<Refused>), Error> {
        let service = &self.service;
        let (mut seen, mut refused) = (Seen::default(), vec![]);
        loop {
            let rows = match stream.message().await?.and_then(|message| message.part) {
                Some(Part::Rows(pb::ImportRows { rows })) => rows,
                Some(Part::End(_)) => return Ok((seen, refused)),
                // What broke off is as if it had never been.
                Some(Part::Start(_)) | None => return Err(invalid("end", "comes last").into()),
            };
            if rows.len() > PART_MAX {
                return Err(invalid("rows", format!("has more than {PART_MAX}")).into());
            }
            if seen.count + rows.len() > ROWS_MAX {
                return Err(Error::TooManyRows(ROWS_MAX));
            }
            let mut kept = Vec::with_capacity(rows.len());
            for row in rows {
                if !seen.follows(&row) {
                    return Err(invalid("rows.row_number", "grows from row to row").into());
                }
                match seen.admit(&row) {
                    Ok(phase) => kept.push((phase, row)),
                    Err(reason) => refused.push(reason),
                }
            }
            let now = service.clock.now();
            store::keep(&service.db, &service.keyring, self.attempt_id, &kept, now).await?;
        }
    }

    /// Programs of integrations that neither exist nor come along in a row that can be put.
    async fn unknown_clients(&self, seen: &Seen) -> Result<BTreeSet<String>, Error> {
        let mut new = seen.new_client_ids.clone();
        if !new.is_empty() {
            for row_number in people::refused_programs(self).await? {
                new.remove(&row_number);
            }
        }
        let new: BTreeSet<String> = new.into_values().collect();
        let asked = seen.client_ids.difference(&new).cloned().collect();
        Ok(unknown_clients(&self.service, asked).await?.into_iter().collect())
    }

    /// Puts what company keeps itself, all of it or, in a dry run, nothing.
    async fn put_own(
        &self,
        seen: &Seen,
        unknown: &BTreeSet<String>,
        refused: &mut Vec<Refused>,
    ) -> Result<SchoolIds, Error> {
        let mut connection = self.service.db.acquire().await?;
        let mut tx = connection.begin().await?;
        schools::lock(&mut tx).await?;
        let mut after = (0, 0);
        loop {
            let keyring = &self.service.keyring;
            let rows = store::kept(&mut tx, keyring, self.attempt_id, after, LAST_OWN).await?;
            let Some((phase, last)) = rows.last() else { break };
            after = (*phase, last.row_number.into());
            for (_, row) in &rows {
                if let Err(reason) = self.put(&mut tx, row, unknown).await? {
                    refused.push(reason);
                }
            }
        }
        let references: Vec<String> = seen.school_references.iter().cloned().collect();
        let school_ids = schools::references(&mut tx, &references).await?;
        if self.dry_run {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(school_ids)
    }

    async fn put(
        &self,
        tx: &mut PgConnection,
        row: &pb::ImportRow,
        unknown: &BTreeSet<String>,
    ) -> Result<Result<(), Refused>, Error> {
        let refuse = |field: &str, reason: &str| Refused {
            row_number: row.row_number,
            field: format!("{}{field}", prefix(row)),
            reason: reason.to_owned(),
        };
        if let Some(Row::Integration(given)) = &row.row
            && unknown.contains(&given.client_id)
        {
            return Ok(Err(refuse("client_id", "is not known")));
        }
        let input = match own(row) {
            Ok(Some(input)) => input,
            Ok(None) => return Ok(Ok(())),
            Err(refused) => return Ok(Err(refused)),
        };
        let put = schools::put(&self.service, tx, &input).await?;
        Ok(put.map(|_| ()).map_err(|bad| refuse(&bad.field, &bad.reason)))
    }

    async fn finish(&self, report: &Report) -> Result<(), Error> {
        let now = self.service.clock.now();
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    store::finish(&mut tx, self.import_id, &self.imported_by, report, now).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// The first phase that identity does.
pub(super) const FIRST_OF_PEOPLE: Phase = Phase::ClientApps;
