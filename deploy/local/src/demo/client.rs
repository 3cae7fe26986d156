//! A caller of the services, with a token.

use anyhow::Context;
use chassis::mail::FolderMailer;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::company::v1::email_domain_service_client::EmailDomainServiceClient;
use proto::company::v1::employee_service_client::EmployeeServiceClient;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::identity::v1::access_token_service_client::AccessTokenServiceClient;
use proto::identity::v1::account_user_service_client::AccountUserServiceClient;
use proto::identity::v1::client_app_service_client::ClientAppServiceClient;
use proto::identity::v1::grant_service_client::GrantServiceClient;
use proto::identity::v1::invitation_service_client::InvitationServiceClient;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use proto::identity::v1::session_service_client::SessionServiceClient;
use proto::identity::v1::signup_service_client::SignupServiceClient;
use proto::identity::v1::{LoginRequest, LoginResponse};
use proto::telecom::v1::line_service_client::LineServiceClient;
use proto::telecom::v1::stock_service_client::StockServiceClient;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

use super::Account;
use crate::process::Part;
use crate::stack::Stack;

/// Calls the services with one token.
pub(super) struct Client<'a> {
    stack: &'a Stack,
    token: String,
}

impl<'a> Client<'a> {
    /// Calls as the gateway does for people who have no token yet.
    pub(super) async fn anonymous(stack: &'a Stack) -> anyhow::Result<Self> {
        Ok(Self { stack, token: stack.gateway_token().await? })
    }

    /// Calls as somebody who logs in.
    pub(super) async fn log_in(stack: &'a Stack, account: &Account) -> anyhow::Result<Self> {
        let anonymous = Self::anonymous(stack).await?;
        let login = LoginRequest {
            email: account.email.clone(),
            password: account.password.clone(),
            remote_address: "127.0.0.1".to_owned(),
        };
        let LoginResponse { token } =
            anonymous.sessions()?.login(anonymous.request(login)?).await?.into_inner();
        Ok(Self { stack, token: token.context("no token")?.access_token })
    }

    /// Calls as the gateway does for people who have no token yet.
    pub(super) async fn as_gateway(&self) -> anyhow::Result<Self> {
        Self::anonymous(self.stack).await
    }

    /// A request with the token.
    pub(super) fn request<T>(&self, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        let bearer = MetadataValue::try_from(format!("Bearer {}", self.token))?;
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }

    /// A request with the token that has its effect once, however often it is sent.
    pub(super) fn once<T>(&self, key: &str, message: T) -> anyhow::Result<Request<T>> {
        let mut request = self.request(message)?;
        let key = MetadataValue::try_from(format!("demo-{key}"))?;
        request.metadata_mut().insert("idempotency-key", key);
        Ok(request)
    }

    /// Id and secret of the link in the newest mail to somebody.
    pub(super) async fn mailed_link(&self, email: &str) -> anyhow::Result<(String, String)> {
        let link = self.newest_link(email).await?;
        let id = link.path_segments().and_then(|mut path| path.nth(1)).context("no id")?;
        Ok((id.to_owned(), parameter(&link, "token")?))
    }

    /// Person and secret of the newest confirmation that was mailed to somebody.
    pub(super) async fn mailed_confirmation(
        &self,
        email: &str,
    ) -> anyhow::Result<(String, String)> {
        let link = self.newest_link(email).await?;
        Ok((parameter(&link, "uid")?, parameter(&link, "token")?))
    }

    /// Secret of the link in the newest mail to somebody.
    pub(super) async fn mailed_token(&self, email: &str) -> anyhow::Result<String> {
        parameter(&self.newest_link(email).await?, "token")
    }

    async fn newest_link(&self, email: &str) -> anyhow::Result<url::Url> {
        let settled = self.stack.settle(super::load::PATIENCE).await;
        anyhow::ensure!(settled, "the services do not come to rest");
        let mails = FolderMailer::read(self.stack.mail_folder(), Some(email))?;
        let mail = mails.into_iter().next().with_context(|| format!("no mail to {email}"))?;
        let link = mail.links.first().context("no link in the mail")?;
        Ok(url::Url::parse(link)?)
    }

    /// The way to a service.
    pub(super) fn channel(&self, part: Part) -> anyhow::Result<Channel> {
        self.stack.channel(part)
    }

    pub(super) fn sessions(&self) -> anyhow::Result<SessionServiceClient<Channel>> {
        Ok(SessionServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn access_tokens(&self) -> anyhow::Result<AccessTokenServiceClient<Channel>> {
        Ok(AccessTokenServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn account_users(&self) -> anyhow::Result<AccountUserServiceClient<Channel>> {
        Ok(AccountUserServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn signups(&self) -> anyhow::Result<SignupServiceClient<Channel>> {
        Ok(SignupServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn grants(&self) -> anyhow::Result<GrantServiceClient<Channel>> {
        Ok(GrantServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn invitations(&self) -> anyhow::Result<InvitationServiceClient<Channel>> {
        Ok(InvitationServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn companies(&self) -> anyhow::Result<CompanyServiceClient<Channel>> {
        Ok(CompanyServiceClient::new(self.stack.channel(Part::Company)?))
    }

    pub(super) fn employees(&self) -> anyhow::Result<EmployeeServiceClient<Channel>> {
        Ok(EmployeeServiceClient::new(self.stack.channel(Part::Company)?))
    }

    pub(super) fn schools(&self) -> anyhow::Result<SchoolServiceClient<Channel>> {
        Ok(SchoolServiceClient::new(self.stack.channel(Part::Company)?))
    }

    pub(super) fn school_people(&self) -> anyhow::Result<SchoolPeopleServiceClient<Channel>> {
        Ok(SchoolPeopleServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn client_apps(&self) -> anyhow::Result<ClientAppServiceClient<Channel>> {
        Ok(ClientAppServiceClient::new(self.stack.channel(Part::Identity)?))
    }

    pub(super) fn email_domains(&self) -> anyhow::Result<EmailDomainServiceClient<Channel>> {
        Ok(EmailDomainServiceClient::new(self.stack.channel(Part::Company)?))
    }

    pub(super) fn plans(&self) -> anyhow::Result<PlanServiceClient<Channel>> {
        Ok(PlanServiceClient::new(self.stack.channel(Part::Billing)?))
    }

    pub(super) fn lines(&self) -> anyhow::Result<LineServiceClient<Channel>> {
        Ok(LineServiceClient::new(self.stack.channel(Part::Telecom)?))
    }

    pub(super) fn stock(&self) -> anyhow::Result<StockServiceClient<Channel>> {
        Ok(StockServiceClient::new(self.stack.channel(Part::Telecom)?))
    }
}

fn parameter(link: &url::Url, wanted: &str) -> anyhow::Result<String> {
    let mut pairs = link.query_pairs();
    let (_, value) =
        pairs.find(|(name, _)| name == wanted).with_context(|| format!("no {wanted}"))?;
    Ok(value.into_owned())
}
