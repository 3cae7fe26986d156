//! What companies note about their lines.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Names;
use crate::body::Input;

/// What a field's name and value are called in the contract.
pub(crate) const NAMES: Names = Names::new("", &[("fieldName", "name"), ("fieldValue", "value")]);

/// What the members of a renaming are called in the contract.
pub(crate) const RENAMING_NAMES: Names =
    Names::new("", &[("currentKey", "current_name"), ("newKey", "new_name")]);

/// The value of a field.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"fieldValue": "Some value"}))]
pub(crate) struct CustomFieldValue {
    /// 1 to 500 characters.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 500)]
    pub(crate) field_value: String,
}

impl Input for CustomFieldValue {
    const REQUIRED: &'static [&'static str] = &["fieldValue"];
}

/// Another name for a field.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"currentKey": "Current key", "newKey": "New key"}))]
pub(crate) struct CustomFieldRenaming {
    /// The name that it has.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 100)]
    pub(crate) current_key: String,
    /// The name that it gets.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 100)]
    pub(crate) new_key: String,
}

impl Input for CustomFieldRenaming {
    const REQUIRED: &'static [&'static str] = &["currentKey", "newKey"];
}
