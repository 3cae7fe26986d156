//! What the tests of searches have in common.

use brazil::{CompanyId, LineId, UserId};
use chassis::Service;
use chassis::page::Page;
use proto::common::v1::PageRequest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{Found, change_person, search};
use super::{Person, Term};
use crate::testing::iccid;

/// A line that is to be found; each `index` has a number and a card of its own.
pub(super) struct Given {
    pub(super) company_id: CompanyId,
    pub(super) index: u32,
    pub(super) user_id: Option<UserId>,
    pub(super) tag: Option<&'static str>,
    pub(super) custom_fields: Value,
}

impl Given {
    pub(super) fn new(company_id: CompanyId, index: u32) -> Self {
        Self { company_id, index, user_id: None, tag: None, custom_fields: json!({}) }
    }

    pub(super) async fn add(&self, service: &Service) -> LineId {
        let line_id = LineId::generate();
        sqlx::query(
            "insert into line (
                 line_id, company_id, user_id, visible_to_user, provider, phone_number, iccid,
                 status, plan_id, area_code, awaiting_approval, tag, custom_fields,
                 number_assigned_at, activated_at, created_at, updated_at
             )
             values ($1, $2, $3, $3 is not null, 'americanet', $4, $5, 'active', $1, 41, false,
                     $6, $7, $8, $8, $8, $8)",
        )
        .bind(line_id.0)
        .bind(self.company_id.0)
        .bind(self.user_id.map(Uuid::from))
        .bind(format!("+5541{}", 987_650_000 + self.index))
        .bind(iccid(self.index).as_str())
        .bind(self.tag)
        .bind(&self.custom_fields)
        .bind(service.clock.now())
        .execute(&service.db)
        .await
        .unwrap();
        line_id
    }
}

pub(super) fn person(email: &str, full_name: &str) -> Person {
    Person { email: email.to_owned(), full_name: Some(full_name.to_owned()), social_name: None }
}

pub(super) async fn tell(service: &Service, user_id: UserId, person: &Person, sequence: i64) {
    let mut tx = service.db.begin().await.unwrap();
    change_person(&mut tx, user_id, person, sequence).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) fn page(size: i32, token: &str, skip: i32) -> Page<LineId> {
    let request = PageRequest { page_size: size, page_token: token.to_owned(), skip };
    Page::parse(Some(request)).unwrap()
}

pub(super) async fn find(service: &Service, company_id: CompanyId, term: &str) -> Found {
    let term = Term::new(term);
    search(&service.db, company_id, &term, &page(200, "", 0)).await.unwrap()
}

pub(super) fn ids(found: &Found) -> Vec<LineId> {
    found.lines.iter().map(|found| found.line.line_id()).collect()
}
