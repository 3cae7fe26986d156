//! People in protobuf.

use chassis::address::Address;
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::identity::v1 as pb;
use time::{Date, OffsetDateTime};

use super::person::parse_date_of_birth;
use super::{Person, User};

/// Longest name of a person.
pub(crate) const NAME_MAX: usize = 200;

/// What a request says of a person.
pub(crate) struct Given<'a> {
    pub(crate) full_name: Option<&'a str>,
    pub(crate) social_name: Option<&'a str>,
    pub(crate) cpf: Option<&'a str>,
    pub(crate) date_of_birth: Option<&'a str>,
    pub(crate) address: Option<&'a proto::common::v1::Address>,
}

impl Given<'_> {
    /// Reads all but the phone number, whose kind depends on what it is for. `path` is where the
    /// person is in the request.
    pub(crate) fn parse(
        self,
        fields: &mut Fields,
        path: &str,
        is_named: impl Fn(&str) -> bool,
        now: OffsetDateTime,
    ) -> Person {
        fn named<T>(is_named: bool, value: Option<T>) -> Option<T> {
            value.filter(|_| is_named)
        }
        let at = |field: &str| format!("{path}.{field}");
        let full_name = named(is_named("full_name"), self.full_name);
        let social_name = named(is_named("social_name"), self.social_name);
        let cpf = named(is_named("cpf"), self.cpf);
        let birth = named(is_named("date_of_birth"), self.date_of_birth);
        let address = named(is_named("address"), self.address);
        Person {
            full_name: fields.optional_text(&at("full_name"), full_name, NAME_MAX),
            social_name: fields.optional_text(&at("social_name"), social_name, NAME_MAX),
            phone_number: None,
            cpf: fields.optional(&at("cpf"), cpf),
            date_of_birth: date_of_birth(fields, &at("date_of_birth"), birth, now),
            address: Address::parse(fields, &at("address"), address),
        }
    }
}

fn date_of_birth(
    fields: &mut Fields,
    field: &str,
    text: Option<&str>,
    now: OffsetDateTime,
) -> Option<Date> {
    parse_date_of_birth(text?, now).map_err(|error| fields.refuse(field, error.to_string())).ok()
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let person = user.person;
        Self {
            id: user.user_id.to_string(),
            email: user.email.to_string(),
            full_name: person.full_name,
            social_name: person.social_name,
            phone_number: person.phone_number.map(|number| number.to_string()),
            cpf: person.cpf.map(|cpf| cpf.formatted()),
            date_of_birth: person.date_of_birth.map(|date| date.to_string()),
            address: person.address.map(Into::into),
            email_proven_at: user.email_proven_at.map(timestamp::to_proto),
            created_at: Some(timestamp::to_proto(user.created_at)),
            updated_at: Some(timestamp::to_proto(user.updated_at)),
        }
    }
}
