//! To whom documents go: asked of the services that know.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use brazil::{CompanyId, UserId};
use chassis::Service;
use chassis::address::Address;
use chassis::neighbours;
use chassis::refusal::{Fields, internal};
use proto::common::v1 as common;
use proto::company::v1::Company;
use proto::identity::v1::User;
use tonic::Status;

use super::{Recipient, Taxpayer};
use crate::error::Error;

/// A company, as documents name it.
///
/// # Errors
/// [`Error::CompanyNotFound`]; [`Error::RecipientIncomplete`] for one without a CNPJ or an e-mail;
/// UNAVAILABLE while company does not answer.
pub(super) async fn company(service: &Service, company_id: CompanyId) -> Result<Recipient, Status> {
    let found = neighbours::companies(service, [company_id]).await?.pop();
    let company = found.ok_or(Error::CompanyNotFound(company_id))?;
    let (_, recipient) =
        of_company(company)?.ok_or(Error::RecipientIncomplete("CNPJ or e-mail"))?;
    Ok(recipient)
}

/// Up to 200 companies; those that do not exist, or lack a CNPJ or an e-mail, are left out.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub(super) async fn companies(
    service: &Service,
    company_ids: &[CompanyId],
) -> Result<HashMap<CompanyId, Recipient>, Status> {
    let found = neighbours::companies(service, company_ids.iter().copied()).await?;
    found.into_iter().filter_map(|company| of_company(company).transpose()).collect()
}

/// A person, as documents name them.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::RecipientIncomplete`] for a person whose name or CPF nobody
/// knows; UNAVAILABLE while identity does not answer.
pub(super) async fn person(service: &Service, user_id: UserId) -> Result<Recipient, Status> {
    let user = neighbours::find_user(service, user_id).await?;
    of_person(user.ok_or(Error::UserNotFound(user_id))?)
}

/// None for one of another kind than a customer that has no CNPJ or no e-mail.
fn of_company(company: Company) -> Result<Option<(CompanyId, Recipient)>, Status> {
    let email = company.billing_email.as_ref().unwrap_or(&company.email);
    if company.cnpj.is_empty() || email.is_empty() {
        return Ok(None);
    }
    let company_id = known(&company.id)?;
    let recipient = Recipient {
        taxpayer: Taxpayer::Cnpj(known(&company.cnpj)?),
        email: known(email)?,
        address: address(company.address.as_ref()),
        name: company.official_name,
    };
    Ok(Some((company_id, recipient)))
}

fn of_person(user: User) -> Result<Recipient, Status> {
    Ok(Recipient {
        name: user.full_name.ok_or(Error::RecipientIncomplete("full name"))?,
        taxpayer: Taxpayer::Cpf(known(&user.cpf.ok_or(Error::RecipientIncomplete("CPF"))?)?),
        email: known(&user.email)?,
        address: address(user.address.as_ref()),
    })
}

/// A value that its owner has checked.
fn known<T>(text: &str) -> Result<T, Status>
where
    T: FromStr<Err: std::error::Error + Display + 'static>,
{
    text.parse().map_err(|error: T::Err| internal(&error))
}

fn address(given: Option<&common::Address>) -> Option<Address> {
    Address::parse(&mut Fields::new(), "address", given)
}

#[cfg(test)]
mod tests {
    use chassis::refusal::Refusal;
    use tonic::Code;

    use super::*;

    fn user() -> User {
        User {
            full_name: Some("Ana Souza".to_owned()),
            cpf: Some("111.444.777-35".to_owned()),
            email: "ana@example.com".to_owned(),
            ..User::default()
        }
    }

    #[test]
    fn a_person_needs_a_name_and_a_cpf() {
        let recipient = of_person(user()).unwrap();
        assert_eq!(recipient.taxpayer, Taxpayer::Cpf("11144477735".parse().unwrap()));
        for (without, named) in [
            (User { cpf: None, ..user() }, "CPF"),
            (User { full_name: None, ..user() }, "full name"),
        ] {
            let status = of_person(without).unwrap_err();
            assert_eq!(status.code(), Code::FailedPrecondition);
            assert_eq!(Refusal::of(&status).reason, "RECIPIENT_INCOMPLETE");
            assert!(status.message().contains(named), "{}", status.message());
        }
    }

    #[test]
    fn a_company_is_written_to_where_its_invoices_go() {
        let company = Company {
            id: CompanyId::generate().to_string(),
            official_name: "Padaria Ltda".to_owned(),
            cnpj: "11.222.333/0001-81".to_owned(),
            email: "contato@padaria.com".to_owned(),
            billing_email: Some("contas@padaria.com".to_owned()),
            ..Company::default()
        };
        let (_, recipient) = of_company(company.clone()).unwrap().unwrap();
        assert_eq!(recipient.email.as_str(), "contas@padaria.com");
        let other = Company { billing_email: None, ..company.clone() };
        let (_, recipient) = of_company(other).unwrap().unwrap();
        assert_eq!(recipient.email.as_str(), "contato@padaria.com");
        let silent = Company { billing_email: None, email: String::new(), ..company.clone() };
        assert!(of_company(silent).unwrap().is_none(), "no document without an e-mail");
        let bare = Company { cnpj: String::new(), ..company };
        assert!(of_company(bare).unwrap().is_none(), "no document without a CNPJ");
    }
}
