//! What this service asks of its neighbours.

use brazil::UserId;
use chassis::Service;
use chassis::refusal::upstream;
use proto::identity::v1::BatchGetUsersRequest;
use proto::identity::v1::user_service_client::UserServiceClient;
use tonic::Status;

/// What identity says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) email_is_proven: bool,
}

/// The person with this id, if there is one.
///
/// # Errors
/// UNAVAILABLE while identity does not answer.
pub(crate) async fn find_person(
    service: &Service,
    user_id: UserId,
) -> Result<Option<Person>, Status> {
    let request = BatchGetUsersRequest { user_ids: vec![user_id.to_string()] };
    let answer = UserServiceClient::new(service.identity.clone())
        .batch_get_users(request)
        .await
        .map_err(upstream)?;
    let user = answer.into_inner().users.pop();
    Ok(user.map(|user| Person { email_is_proven: user.email_proven_at.is_some() }))
}
