//! What the tests of enterprises share.

use brazil::{CompanyId, UserId};
use chassis::Service;
use chassis::auth::{Grant, Role};
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::Request;

use super::{Enterprise, FreeCnpj, Values, affiliations, store};
use crate::MIGRATIONS;
use crate::error::Error;

/// A service that nobody hears.
pub(super) async fn service() -> (Service, TestDatabase) {
    testing::service("company", &MIGRATIONS, vec![]).await
}

/// Values with nothing but these.
pub(super) fn values(name: &str, cnpj: &str) -> Values {
    Values {
        name: name.to_owned(),
        cnpj: FreeCnpj::new(cnpj).unwrap(),
        timezone: None,
        phone1: None,
        phone2: None,
        email: None,
        contact_name: None,
        webpage: None,
        assistance_emergency_tel: None,
        theft_emergency_tel: None,
        fantasy_name: None,
        country_id: None,
    }
}

/// Stores an enterprise below another, or below none.
pub(super) async fn stored(
    service: &Service,
    values: Values,
    parent: Option<CompanyId>,
) -> Enterprise {
    let enterprise = &Enterprise::new(values, false, service.clock.now());
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                store::insert(&mut tx, enterprise).await?;
                if let Some(parent) = parent {
                    affiliate(&mut tx, parent, enterprise.company_id).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
    enterprise.clone()
}

/// Puts one below the other.
pub(super) async fn affiliate(
    tx: &mut PgConnection,
    parent: CompanyId,
    child: CompanyId,
) -> Result<(), Error> {
    affiliations::lock(tx).await?;
    affiliations::add(tx, parent, child, OffsetDateTime::now_utc()).await?;
    Ok(())
}

/// A request of somebody with these roles.
pub(super) fn request_of<T>(
    message: T,
    roles: &[(Role, Option<CompanyId>)],
    permission: Permission,
) -> Request<T> {
    let grants = roles
        .iter()
        .map(|(role, company_id)| Grant { role: *role, company_id: company_id.map(Into::into) })
        .collect();
    testing::request_of(UserId::generate(), message, grants, permission)
}
