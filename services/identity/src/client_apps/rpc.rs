//! ClientAppService.

use chassis::auth::Caller;
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::store::Put;
use super::{ClientApp, SECRETS_MAX, Secret, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::tokens;

const CHECKED_MAX: usize = 1_000;

/// Answers ClientAppService.
pub(crate) struct ClientApps {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::client_app_service_server::ClientAppService for ClientApps {
    async fn put_client_app(
        &self,
        request: Request<pb::PutClientAppRequest>,
    ) -> Result<Response<pb::PutClientAppResponse>, Status> {
        let identity = &self.identity;
        let created_by = &Caller::of(&request)?.key();
        let given = request.get_ref().client_app.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let app = ClientApp::parse(&mut fields, "client_app.", &given);
        let Some(app) = &app else { return Err(fields.into_status()) };
        let (secret, now) = (&Secret::new(), identity.now());
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let client_id = app.client_id.as_str();
                    let client_secret = match store::put(&mut tx, app, created_by, now).await? {
                        Put::Made => {
                            store::insert_secret(&mut tx, client_id, secret, now).await?;
                            Some(secret.as_text().to_owned())
                        }
                        Put::Changed => None,
                        Put::ShutOut(epoch) => {
                            tokens::store::revoke(&mut tx, client_id, epoch, now).await?;
                            None
                        }
                        Put::Taken => return Err(Error::ClientIdTaken),
                    };
                    Ok(pb::PutClientAppResponse { client_secret })
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }

    async fn create_client_secret(
        &self,
        request: Request<pb::CreateClientSecretRequest>,
    ) -> Result<Response<pb::CreateClientSecretResponse>, Status> {
        let identity = &self.identity;
        let client_id = &request.get_ref().client_id;
        let (secret, now) = (&Secret::new(), identity.now());
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !store::lock(&mut tx, client_id).await? {
                        return Err(Error::ClientAppNotFound);
                    }
                    if store::count_secrets(&mut tx, client_id).await? >= SECRETS_MAX {
                        return Err(Error::TooManyClientSecrets);
                    }
                    let secret_id = store::insert_secret(&mut tx, client_id, secret, now).await?;
                    Ok(pb::CreateClientSecretResponse {
                        secret_id: secret_id.to_string(),
                        client_secret: secret.as_text().to_owned(),
                    })
                })
            })
            .await
    }

    async fn list_client_secrets(
        &self,
        request: Request<pb::ListClientSecretsRequest>,
    ) -> Result<Response<pb::ListClientSecretsResponse>, Status> {
        let db = &self.identity.service.db;
        let client_id = request.into_inner().client_id;
        let known =
            store::known(db, std::slice::from_ref(&client_id)).await.map_err(Error::from)?;
        if known.is_empty() {
            return Err(Error::ClientAppNotFound.into());
        }
        let secrets = store::secrets(db, &client_id).await.map_err(Error::from)?;
        let secrets = secrets
            .into_iter()
            .map(|(secret_id, created_at)| pb::ClientSecret {
                secret_id: secret_id.to_string(),
                created_at: Some(timestamp::to_proto(created_at)),
            })
            .collect();
        Ok(Response::new(pb::ListClientSecretsResponse { secrets }))
    }

    async fn delete_client_secret(
        &self,
        request: Request<pb::DeleteClientSecretRequest>,
    ) -> Result<Response<pb::DeleteClientSecretResponse>, Status> {
        let pb::DeleteClientSecretRequest { client_id, secret_id } = request.get_ref();
        let secret_id = secret_id.parse().map_err(|_| Error::ClientSecretNotFound)?;
        self.identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let is_known = store::lock(&mut tx, client_id).await?;
                    if !is_known || !store::delete_secret(&mut tx, client_id, secret_id).await? {
                        return Err(Error::ClientSecretNotFound);
                    }
                    Ok(pb::DeleteClientSecretResponse {})
                })
            })
            .await
    }

    async fn check_client_apps(
        &self,
        request: Request<pb::CheckClientAppsRequest>,
    ) -> Result<Response<pb::CheckClientAppsResponse>, Status> {
        let given = request.into_inner().client_ids;
        let mut fields = Fields::new();
        if given.len() > CHECKED_MAX {
            fields.refuse("client_ids", format!("has more than {CHECKED_MAX} ids"));
        }
        fields.check()?;
        let client_ids =
            store::known(&self.identity.service.db, &given).await.map_err(Error::from)?;
        Ok(Response::new(pb::CheckClientAppsResponse { client_ids }))
    }
}
