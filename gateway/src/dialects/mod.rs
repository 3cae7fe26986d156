//! The dialects: documented REST APIs, each with its own paths, names and error envelope. They
//! share what reads requests and calls services, never a wire struct.

pub mod enterprises;
pub mod lines;
pub mod oauth;
pub mod schools;
pub mod voice;
pub mod workspaces;

use axum::http::Method;
use axum::response::IntoResponse;

use crate::Gateway;
use crate::fault::Fault;

/// A dialect is the state of its own routes, so that everything that reads a request knows in
/// which words to refuse it.
pub trait Dialect: Clone + Send + Sync + 'static {
    /// How metrics and traces call it.
    const NAME: &'static str;

    /// Operations with the stricter limit of an address, by method and route.
    const SENSITIVE: &'static [(Method, &'static str)];

    /// How it says that something is wrong.
    type Error: From<Fault> + IntoResponse + Send;

    /// What all dialects share.
    fn gateway(&self) -> &Gateway;
}

/// What the comments of the contracts name as reasons: "NOT_FOUND / LINE_NOT_FOUND"; those of
/// what only this dialect uses, or of all that no dialect has for itself, which is the lines
/// dialect's.
#[cfg(test)]
fn reasons_of_the_contracts(dialect: &str) -> std::collections::BTreeSet<String> {
    use prost::Message;
    use prost_types::FileDescriptorSet;

    const DIALECTS: &[(&str, &str)] = &[
        ("linha/billing/v1/bank_connection_service.proto", "workspaces"),
        ("linha/billing/v1/credit_charge_service.proto", "voice"),
        ("linha/billing/v1/payment_method_service.proto", "workspaces"),
        ("linha/billing/v1/subscription_service.proto", "workspaces"),
        ("linha/billing/v1/wallet_service.proto", "voice"),
        ("linha/common/v1/query.proto", "voice"),
        ("linha/company/v1/country_service.proto", "workspaces"),
        ("linha/company/v1/enterprise_admin_service.proto", "enterprises"),
        ("linha/company/v1/enterprise_service.proto", "enterprises"),
        ("linha/company/v1/integration_service.proto", "voice"),
        ("linha/company/v1/language_service.proto", "workspaces"),
        ("linha/company/v1/location_service.proto", "workspaces"),
        ("linha/company/v1/meeting_service.proto", "workspaces"),
        ("linha/company/v1/organization_address_service.proto", "workspaces"),
        ("linha/company/v1/organization_service.proto", "workspaces"),
        ("linha/company/v1/school_import_service.proto", "schools"),
        ("linha/company/v1/school_service.proto", "schools"),
        ("linha/identity/v1/access_token_service.proto", "voice"),
        ("linha/identity/v1/account_user_service.proto", "voice"),
        ("linha/identity/v1/client_app_service.proto", "schools"),
        ("linha/identity/v1/company_hold_service.proto", "enterprises"),
        ("linha/identity/v1/organization_user_service.proto", "workspaces"),
        ("linha/identity/v1/school_people_service.proto", "schools"),
        ("linha/telecom/v1/call_service.proto", "voice"),
        ("linha/telecom/v1/company_hold_service.proto", "enterprises"),
        ("linha/telecom/v1/device_service.proto", "enterprises"),
        ("linha/telecom/v1/extension_service.proto", "voice"),
    ];
    let dialect_of = |file: &str| {
        DIALECTS.iter().find(|(name, _)| *name == file).map_or("lines", |(_, dialect)| dialect)
    };
    const NO_REASONS: &[&str] = &["NORMAL_CLEARING", "NOT_EQUAL", "NOT_IN", "NOT_LIKE"];
    let contracts = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let comments = contracts
        .file
        .iter()
        .filter(|file| file.package().starts_with("linha."))
        .filter(|file| dialect_of(file.name()) == dialect)
        .filter_map(|file| file.source_code_info.as_ref())
        .flat_map(|info| &info.location)
        .map(|location| location.leading_comments());
    let codes: std::collections::BTreeSet<String> = (0..17)
        .map(|code| format!("{:?}", tonic::Code::from_i32(code)))
        .map(|name| {
            let mut upper = String::new();
            for c in name.chars() {
                if c.is_uppercase() && !upper.is_empty() {
                    upper.push('_');
                }
                upper.extend(c.to_uppercase());
            }
            upper
        })
        .collect();
    comments
        .flat_map(|text| text.split(|c: char| !c.is_ascii_uppercase() && c != '_'))
        .filter(|word| word.contains('_') && word.len() > 5 && !codes.contains(*word))
        .filter(|word| !NO_REASONS.contains(word))
        .map(str::to_owned)
        .collect()
}
