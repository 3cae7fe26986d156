//! What the tests of orders have in common.

use brazil::{CompanyId, PlanId};
use chassis::address::Address;

use super::{Invitee, Wanted};
use crate::testing::area;

/// An order of everything.
pub(super) fn wanted() -> Wanted {
    Wanted {
        company_id: CompanyId::generate(),
        plan_id: PlanId::generate(),
        area_code: area(),
        user: Some(Invitee {
            email: "ana@exemplo.com.br".parse().unwrap(),
            name: "Ana".to_owned(),
        }),
        change_ownership: true,
        delivery_address: Some(Address {
            zip_code: "80010-000".parse().ok(),
            ..Address::default()
        }),
    }
}
