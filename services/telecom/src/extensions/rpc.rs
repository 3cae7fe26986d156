//! Extensions over gRPC.

use brazil::{CompanyId, MobileNumber};
use chassis::auth::Caller;
use chassis::refusal::{Fields, internal};
use chassis::{Service, timestamp};
use proto::telecom::v1 as pb;
use proto::telecom::v1::extension_service_server::ExtensionService;
use sqlx::PgConnection;
use tonic::{Code, Request, Response, Status};

use super::store::{self, NewExtension};
use super::{
    Extension, ExtensionNumber, Profile, SECRET_CONTEXT, SipSecret, View, VoiceAccount, email,
    voice_account,
};
use crate::calls;
use crate::error::Error;

/// Answers the rpcs of ExtensionService.
#[derive(Clone)]
pub(crate) struct Extensions {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl ExtensionService for Extensions {
    async fn list_extensions(
        &self,
        request: Request<pb::ListExtensionsRequest>,
    ) -> Result<Response<pb::ListExtensionsResponse>, Status> {
        let (account, caller) = self.enter(&request, &request.get_ref().company_id).await?;
        let view = View::of(caller, account.company_id);
        let (db, query) = (&self.service.reader(&request).await?, request.get_ref().query.clone());
        let extensions = store::list(db, account.company_id, &view, query).await?;
        let extensions = extensions.into_iter().map(pb::Extension::from).collect();
        Ok(Response::new(pb::ListExtensionsResponse { extensions }))
    }

    async fn get_extension(
        &self,
        request: Request<pb::GetExtensionRequest>,
    ) -> Result<Response<pb::GetExtensionResponse>, Status> {
        let input = request.get_ref();
        let (account, caller) = self.enter(&request, &input.company_id).await?;
        let extension = store::find(&self.service.db, account.company_id, input.id)
            .await
            .map_err(|error| internal(&error))?
            .ok_or(Error::ExtensionNotFound)?;
        if !View::of(caller, account.company_id).has(&extension) {
            return Err(Error::NotTheirs.into());
        }
        Ok(Response::new(pb::GetExtensionResponse { extension: Some(extension.into()) }))
    }

    async fn create_extension(
        &self,
        request: Request<pb::CreateExtensionRequest>,
    ) -> Result<Response<pb::CreateExtensionResponse>, Status> {
        let input = request.get_ref();
        let wanted = input.extension.clone().unwrap_or_default();
        let (account, _) = self.enter(&request, &wanted.company_id).await?;
        let mut fields = Fields::new();
        let number = Some(wanted.number.as_str()).filter(|number| !number.is_empty());
        let number: Option<ExtensionNumber> = fields.optional("extension.number", number);
        let secret = fields.optional("secret", input.secret.as_deref());
        let profile = read_profile(&mut fields, &wanted);
        self.check_caller_id(&mut fields, &account, "extension.caller_id", profile.as_ref())
            .await?;
        let Some(profile) = profile else { return Err(fields.into_status()) };
        fields.check()?;
        let secret = secret.unwrap_or_else(SipSecret::random);
        let (account, number, secret, profile) = (&account, &number, &secret, &profile);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let extension =
                        self.create(&mut tx, account, number.clone(), secret, profile).await?;
                    Ok::<_, Error>(pb::CreateExtensionResponse {
                        extension: Some(extension.into()),
                        secret: secret.expose().to_owned(),
                    })
                })
            })
            .await
    }

    async fn next_extension_number(
        &self,
        request: Request<pb::NextExtensionNumberRequest>,
    ) -> Result<Response<pb::NextExtensionNumberResponse>, Status> {
        let (account, _) = self.enter(&request, &request.get_ref().company_id).await?;
        let mut connection = self.service.db.acquire().await.map_err(|error| internal(&error))?;
        let number = store::next_number(&mut connection, account.company_id).await?.to_string();
        Ok(Response::new(pb::NextExtensionNumberResponse { number }))
    }

    async fn update_extension(
        &self,
        request: Request<pb::UpdateExtensionRequest>,
    ) -> Result<Response<pb::UpdateExtensionResponse>, Status> {
        let input = request.get_ref();
        let (account, _) = self.enter(&request, &input.company_id).await?;
        self.check_there(&input.company_id, input.id).await?;
        let mut fields = Fields::new();
        let change = Change::read(&mut fields, input);
        if let Some(Some(number)) = &change.caller_id {
            self.check_number(&mut fields, &account, "caller_id", number).await?;
        }
        fields.check()?;
        let (account, change) = (&account, &change);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move { self.update(&mut tx, account, input.id, change).await })
            })
            .await
    }

    async fn delete_extension(
        &self,
        request: Request<pb::DeleteExtensionRequest>,
    ) -> Result<Response<pb::DeleteExtensionResponse>, Status> {
        let input = request.get_ref();
        let entered = self.enter(&request, &input.company_id).await;
        if let Err(denied) = &entered
            && denied.code() == Code::PermissionDenied
        {
            self.check_there(&input.company_id, input.id).await?;
        }
        let company_id = entered?.0.company_id;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let extension = store::lock(&mut tx, company_id, input.id).await?;
                    if calls::is_in_call(&mut tx, extension.extension_id).await? {
                        return Err(Error::ExtensionBusy);
                    }
                    store::delete(&mut tx, extension.extension_id).await?;
                    Ok::<_, Error>(pb::DeleteExtensionResponse {})
                })
            })
            .await
    }
}

impl Extensions {
    async fn enter<'r, T>(
        &self,
        request: &'r Request<T>,
        company_id: &str,
    ) -> Result<(VoiceAccount, &'r Caller), Status> {
        let caller = Caller::of(request)?;
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        Ok((voice_account(&self.service, caller, company_id).await?, caller))
    }

    /// Checks that there is such an extension: whoever may not change it, and may see it, is told
    /// that first.
    async fn check_there(&self, company_id: &str, extension_id: i64) -> Result<(), Status> {
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        let found = store::find(&self.service.db, company_id, extension_id).await;
        match found.map_err(|error| internal(&error))? {
            Some(_) => Ok(()),
            None => Err(Error::ExtensionNotFound.into()),
        }
    }

    async fn create(
        &self,
        tx: &mut PgConnection,
        account: &VoiceAccount,
        number: Option<ExtensionNumber>,
        secret: &SipSecret,
        profile: &Profile,
    ) -> Result<Extension, Error> {
        // Who is given a number, and who chooses one, do not get in each other's way.
        store::lock_account(tx, account.company_id).await?;
        let number = match number {
            Some(number) => number,
            None => store::next_number(tx, account.company_id).await?,
        };
        let secret_sealed = &self.service.keyring.seal_text(SECRET_CONTEXT, secret.expose());
        let new = NewExtension { account, number, secret_sealed, profile };
        store::insert(tx, &new, self.service.clock.now()).await
    }

    async fn update(
        &self,
        tx: &mut PgConnection,
        account: &VoiceAccount,
        extension_id: i64,
        change: &Change,
    ) -> Result<pb::UpdateExtensionResponse, Error> {
        store::lock_account(tx, account.company_id).await?;
        let mut extension = store::lock(tx, account.company_id, extension_id).await?;
        change.apply(&mut extension);
        extension.updated_at = self.service.clock.now();
        let secret = change.secret.as_ref().map(SipSecret::expose);
        let sealed = secret.map(|secret| self.service.keyring.seal_text(SECRET_CONTEXT, secret));
        store::save(tx, &extension, sealed.as_deref()).await?;
        Ok(pb::UpdateExtensionResponse {
            extension: Some(extension.into()),
            secret: secret.map(str::to_owned),
        })
    }

    async fn check_caller_id(
        &self,
        fields: &mut Fields,
        account: &VoiceAccount,
        field: &str,
        profile: Option<&Profile>,
    ) -> Result<(), Status> {
        match profile.and_then(|profile| profile.caller_id.as_ref()) {
            Some(number) => self.check_number(fields, account, field, number).await,
            None => Ok(()),
        }
    }

    async fn check_number(
        &self,
        fields: &mut Fields,
        account: &VoiceAccount,
        field: &str,
        number: &MobileNumber,
    ) -> Result<(), Status> {
        let mut connection = self.service.db.acquire().await.map_err(|error| internal(&error))?;
        let own = store::is_own_number(&mut connection, account.company_id, number)
            .await
            .map_err(|error| internal(&error))?;
        if !own {
            fields.refuse(field, NOT_OWN);
        }
        Ok(())
    }
}

const NOT_OWN: &str = "is not the number of an active line of the account";

/// What is to be changed; absent parts stay.
struct Change {
    number: Option<ExtensionNumber>,
    caller_id: Option<Option<MobileNumber>>,
    first_name: Option<String>,
    last_name: Option<Option<String>>,
    email: Option<Option<String>>,
    record_audio: Option<bool>,
    secret: Option<SipSecret>,
}

impl Change {
    fn read(fields: &mut Fields, input: &pb::UpdateExtensionRequest) -> Self {
        let caller_id =
            input.caller_id.as_deref().map(|text| read_caller_id(fields, "caller_id", text));
        let last_name = input.last_name.as_deref();
        Self {
            number: fields.optional("number", input.number.as_deref()),
            caller_id,
            first_name: input
                .first_name
                .as_deref()
                .and_then(|name| fields.text("first_name", name, 1, 50)),
            last_name: last_name.map(|name| fields.optional_text("last_name", Some(name), 100)),
            email: input.email.as_deref().map(|text| read_email(fields, "email", text)),
            record_audio: input.record_audio,
            secret: match input.secret.as_deref() {
                Some("") => Some(SipSecret::random()),
                secret => fields.optional("secret", secret),
            },
        }
    }

    fn apply(&self, extension: &mut Extension) {
        fn set<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        set(&mut extension.number, self.number.as_ref());
        let profile = &mut extension.profile;
        set(&mut profile.caller_id, self.caller_id.as_ref());
        set(&mut profile.first_name, self.first_name.as_ref());
        set(&mut profile.last_name, self.last_name.as_ref());
        set(&mut profile.email, self.email.as_ref());
        set(&mut profile.record_audio, self.record_audio.as_ref());
    }
}

fn read_profile(fields: &mut Fields, wanted: &pb::Extension) -> Option<Profile> {
    let caller_id = read_caller_id(fields, "extension.caller_id", &wanted.caller_id);
    let first_name = fields.text("extension.first_name", &wanted.first_name, 1, 50);
    let last_name = fields.optional_text("extension.last_name", wanted.last_name.as_deref(), 100);
    let email =
        wanted.email.as_deref().and_then(|text| read_email(fields, "extension.email", text));
    let record_audio = wanted.record_audio;
    Some(Profile { caller_id, first_name: first_name?, last_name, email, record_audio })
}

fn read_caller_id(fields: &mut Fields, field: &str, national: &str) -> Option<MobileNumber> {
    if national.is_empty() {
        return None;
    }
    let digits = national.bytes().all(|byte| byte.is_ascii_digit());
    let number = store::mobile(national).filter(|_| digits);
    if number.is_none() {
        fields.refuse(field, NOT_OWN);
    }
    number
}

fn read_email(fields: &mut Fields, field: &str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    email(text).map_err(|(rule, message)| fields.refuse_as(field, rule, message)).ok()
}

impl From<Extension> for pb::Extension {
    fn from(extension: Extension) -> Self {
        let profile = extension.profile;
        let caller_id = profile.caller_id.as_ref().map(store::national).unwrap_or_default();
        Self {
            id: extension.extension_id,
            company_id: extension.company_id.to_string(),
            domain: extension.domain,
            number: extension.number.to_string(),
            caller_id: caller_id.to_owned(),
            first_name: profile.first_name,
            last_name: profile.last_name,
            email: profile.email,
            record_audio: profile.record_audio,
            created_at: Some(timestamp::to_proto(extension.created_at)),
            updated_at: Some(timestamp::to_proto(extension.updated_at)),
        }
    }
}

#[cfg(test)]
mod tests;
