//! Something to play with: made once, through the services' own rpcs.

mod client;
mod enterprises;
mod load;
mod schools;
mod workspaces;

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::stack::Stack;

pub use load::{OPERATOR, load};

const FILE: &str = "demo.json";

/// What the demo data is called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// May do everything.
    pub operator: Account,
    /// Manages the first company.
    pub manager: CompanyAccount,
    /// Manages the second company.
    pub other_manager: CompanyAccount,
    /// Has a line of the first company.
    pub holder: HolderAccount,
    /// The catalogue.
    pub subscription_plan_ids: Vec<String>,
    /// Administers a voice account; an installation from before there were any has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceAccount>,
    /// Administers an enterprise with others below it; as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<EnterpriseAccount>,
    /// Administers another one; as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_enterprise: Option<EnterpriseAccount>,
    /// Reads of the first school; an installation from before there were any has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerAccount>,
    /// Reads of the second school, for another product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_partner: Option<PartnerAccount>,
    /// Owns an organization; as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceAccount>,
}

/// Somebody who can log in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// Somebody with a company.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompanyAccount {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// The company.
    pub company_id: String,
}

/// Somebody with a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HolderAccount {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// The line.
    pub phone_account_id: String,
}

/// Somebody with a voice account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VoiceAccount {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// An access token that does not end.
    pub token: String,
}

/// Somebody with an enterprise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnterpriseAccount {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// The enterprise: 15 digits and letters.
    pub enterprise_id: String,
}

/// A partner's program, and the school that holds its integration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartnerAccount {
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// The school.
    pub school_id: String,
    /// What the partner calls the school.
    pub school_external_id: String,
    /// What the partner calls the integration.
    pub external_integration_id: String,
}

/// Somebody with an organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceAccount {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// The organization: 8 letters and digits.
    pub organization_id: String,
}

/// The demo data that this installation has; none before it is loaded.
pub fn of(stack: &Stack) -> Option<Demo> {
    let text = fs::read_to_string(stack.directory().join(FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

/// One line of JSON that tells a program where everything is.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn as_json(stack: &Stack) -> anyhow::Result<String> {
    let addresses = stack.addresses();
    let grpc: serde_json::Map<String, Value> = addresses
        .grpc
        .iter()
        .map(|(part, address)| (part.name().to_owned(), address.to_string().into()))
        .collect();
    Ok(serde_json::to_string(&json!({
        "gateway": addresses.gateway,
        "grpc": grpc,
        "postgres": addresses.postgres,
        "sandbox": format!("{}/sandbox", addresses.gateway),
        "demo": of(stack),
    }))?)
}

/// What tells a person where everything is, and what to try first.
pub fn welcome(stack: &Stack) -> String {
    let addresses = stack.addresses();
    let gateway = &addresses.gateway;
    let mut text = format!(
        "\nLinha is running.\n\n\
           REST       {gateway}\n\
           documents  {gateway}/docs\n\
           sandbox    {gateway}/sandbox/…, in the documents too\n"
    );
    for (part, address) in &addresses.grpc {
        let metrics = addresses.admin[part];
        text +=
            &format!("  {:<9}  grpc {address}, metrics http://{metrics}/metrics\n", part.name());
    }
    if let Some(demo) = of(stack) {
        text += &accounts(&demo, gateway);
    }
    text + "\nCtrl-C ends it; the next start finds the data again.\n"
}

fn accounts(demo: &Demo, gateway: &str) -> String {
    let Demo { operator, manager, other_manager, holder, voice, .. } = demo;
    let list = [
        ("operator", &operator.email, &operator.password),
        ("manager", &manager.email, &manager.password),
        ("manager", &other_manager.email, &other_manager.password),
        ("holder", &holder.email, &holder.password),
    ];
    let mut text = "\nDemo accounts:\n".to_owned();
    for (what, email, password) in list {
        text += &format!("  {what:<9}  {email}  {password}\n");
    }
    if let Some(VoiceAccount { email, password, token }) = voice {
        text += &format!("  voice      {email}  {password}\n             token {token}\n");
    }
    for EnterpriseAccount { email, password, .. } in
        [&demo.enterprise, &demo.other_enterprise].into_iter().flatten()
    {
        text += &format!("  enterprise {email}  {password}\n");
    }
    for partner in [&demo.partner, &demo.other_partner].into_iter().flatten() {
        let PartnerAccount { client_id, client_secret, school_external_id, .. } = partner;
        text += &format!("  partner    {client_id}  {client_secret}\n");
        text += &format!("             school {school_external_id}\n");
    }
    if let Some(WorkspaceAccount { email, password, .. }) = &demo.workspace {
        text += &format!("  workspace  {email}  {password}\n");
    }
    text + &format!(
        "\nTry:\n  curl -s {gateway}/login -H 'content-type: application/json' \\\n       \
           -d '{{\"email\":\"{}\",\"password\":\"{}\"}}'\n",
        holder.email, holder.password
    )
}
