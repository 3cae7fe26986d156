//! Signup forms in protobuf.

use brazil::{AreaCode, Email, MobileNumber};
use chassis::auth::{Caller, Subject};
use chassis::refusal::Fields;
use proto::common::v1::Permission;
use proto::identity::v1 as pb;
use time::OffsetDateTime;

use super::{Change, Form, Reach};
use crate::mask::Mask;
use crate::users::Person;
use crate::users::wire::Given;

/// What a request says of a form: what is to be changed, and the person's data.
pub(super) struct Parsed {
    pub(super) change: Change,
    pub(super) person: Person,
}

/// Reads the named fields of a form; what is wrong with them is noted in `fields`.
pub(super) fn parse(
    fields: &mut Fields,
    form: &pb::SignupForm,
    is_named: impl Fn(&str) -> bool + Copy,
    now: OffsetDateTime,
) -> Parsed {
    let text = |field: &str, value: &'_ Option<String>| value.clone().filter(|_| is_named(field));
    let email: Option<Email> =
        if is_named("email") { fields.required("form.email", &form.email) } else { None };
    let phone_number: Option<MobileNumber> =
        fields.optional("form.phone_number", text("phone_number", &form.phone_number).as_deref());
    let plan_id = fields.optional("form.plan_id", text("plan_id", &form.plan_id).as_deref());
    let company_id =
        fields.optional("form.company_id", text("company_id", &form.company_id).as_deref());
    let area_code = form.area_code.filter(|_| is_named("area_code")).and_then(|code| {
        AreaCode::try_from(code)
            .map_err(|error| fields.refuse("form.area_code", error.to_string()))
            .ok()
    });
    let given = Given {
        full_name: form.full_name.as_deref(),
        social_name: form.social_name.as_deref(),
        cpf: form.cpf.as_deref(),
        date_of_birth: form.date_of_birth.as_deref(),
        address: form.address.as_ref(),
    };
    let person = given.parse(fields, "form", is_named, now);
    Parsed {
        change: Change {
            email,
            plan_id: is_named("plan_id").then_some(plan_id),
            company_id: is_named("company_id").then_some(company_id),
            area_code: is_named("area_code").then_some(area_code),
        },
        person: Person { phone_number: phone_number.map(Into::into), ..person },
    }
}

/// Reads which fields of a form are to be changed.
pub(super) fn parse_mask(fields: &mut Fields, mask: Option<&prost_types::FieldMask>) -> Mask {
    const CHANGEABLE: [&str; 10] = [
        "email",
        "full_name",
        "social_name",
        "phone_number",
        "cpf",
        "date_of_birth",
        "plan_id",
        "company_id",
        "area_code",
        "address",
    ];
    Mask::parse(fields, mask, &CHANGEABLE)
}

/// How far the caller may see into employees' files.
pub(super) fn reach(caller: &Caller) -> Reach {
    let scope = caller.scope_of(Permission::EmployeesManage);
    let partner = match caller.subject() {
        Subject::Partner(client_id) => Some(client_id.clone()),
        Subject::User(_) | Subject::Service(_) => None,
    };
    Reach {
        everything: scope.everything,
        company_ids: scope.company_ids.into_iter().map(Into::into).collect(),
        partner,
    }
}

/// The form as somebody with that reach may see it.
pub(super) fn to_proto(form: &Form, reach: &Reach) -> pb::SignupForm {
    let person = form.seen_by(reach);
    pb::SignupForm {
        id: form.form_id.to_string(),
        email: form.email.to_string(),
        full_name: person.full_name,
        social_name: person.social_name,
        phone_number: person.phone_number.map(|number| number.to_string()),
        cpf: person.cpf.map(|cpf| cpf.formatted()),
        date_of_birth: person.date_of_birth.map(|date| date.to_string()),
        plan_id: form.plan_id.map(|id| id.to_string()),
        company_id: form.company_id.map(|id| id.to_string()),
        area_code: form.area_code.map(|code| u32::from(u8::from(code))),
        address: person.address.map(Into::into),
    }
}
