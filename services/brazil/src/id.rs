use thiserror::Error;

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid id")]
pub struct InvalidId;

/// Declares a newtype over a UUIDv7, so that ids of two kinds cannot be mixed up.
///
/// ```
/// brazil::id!(
///     /// A tower of ours.
///     TowerId
/// );
///
/// let id = TowerId::generate();
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive($crate::reexport::serde::Serialize, $crate::reexport::serde::Deserialize)]
        #[serde(crate = "brazil::reexport::serde", transparent)]
        pub struct $name(pub $crate::reexport::uuid::Uuid);

        impl $name {
            /// Makes a new id. Ids sort by creation time, which keeps index inserts local.
            pub fn generate() -> Self {
                Self($crate::reexport::uuid::Uuid::now_v7())
            }
        }

        impl From<$crate::reexport::uuid::Uuid> for $name {
            fn from(uuid: $crate::reexport::uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for $crate::reexport::uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| $crate::InvalidId)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// Someone who can sign in.
    UserId
);
id!(
    /// A company that buys telecom services from the operator.
    CompanyId
);
id!(
    /// A person who works for a company.
    EmployeeId
);
id!(
    /// A mobile line.
    LineId
);
id!(
    /// A plan a line can be on.
    PlanId
);
id!(
    /// The form with which a person asks for a line.
    SignupFormId
);
id!(
    /// An invitation to give oneself a password.
    InvitationId
);
id!(
    /// A stretch of time in which a line is charged for a plan.
    LineChargeId
);
id!(
    /// What a company owes for a month.
    InvoiceId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation() {
        let earlier = LineId::generate();
        assert!(earlier < LineId::generate());
    }

    #[test]
    fn an_id_survives_text_and_json() {
        let id = CompanyId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<CompanyId>(&json).unwrap(), id);
        assert_eq!("42".parse::<CompanyId>(), Err(InvalidId));
    }
}
