//! `OrganizationAddressService`.

use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::Fields;
use chassis::{Service, timestamp};
use proto::company::v1 as pb;
use proto::company::v1::organization_address_service_server::OrganizationAddressService;
use tonic::{Request, Response, Status};

use super::{AddressId, OrganizationAddress, store};
use crate::error::Error;
use crate::organizations::refusals::{address_not_found, organization_not_found};
use crate::organizations::rpc::whole;
use crate::organizations::{locate, permit, readable, writable};

const TEXT_MAX: usize = 255;
const NUMBER_MAX: usize = 20;
const STATE_MAX: usize = 100;
const POSTAL_CODE_MAX: usize = 20;

const MEMBERS: [&str; 8] =
    ["street", "number", "complement", "neighborhood", "city", "state", "postal_code", "country"];

/// The rpcs.
pub(crate) struct OrganizationAddresses {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl OrganizationAddressService for OrganizationAddresses {
    async fn list_organization_addresses(
        &self,
        request: Request<pb::ListOrganizationAddressesRequest>,
    ) -> Result<Response<pb::ListOrganizationAddressesResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let page = Page::parse(request.get_ref().page.clone())?;
        let found = store::list(&self.service.reader(&request).await?, &scope, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListOrganizationAddressesResponse {
            addresses: found.into_iter().map(Into::into).collect(),
            page: Some(whole(total)),
        }))
    }

    async fn get_organization_address(
        &self,
        request: Request<pb::GetOrganizationAddressRequest>,
    ) -> Result<Response<pb::GetOrganizationAddressResponse>, Status> {
        let found = self.find(&request, &request.get_ref().address_id).await?;
        readable(&self.service, Caller::of(&request)?, &found.organization_id)
            .await
            .map_err(as_absent)?;
        Ok(Response::new(pb::GetOrganizationAddressResponse { address: Some(found.into()) }))
    }

    async fn create_organization_address(
        &self,
        request: Request<pb::CreateOrganizationAddressRequest>,
    ) -> Result<Response<pb::CreateOrganizationAddressResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = request.get_ref().address.clone().unwrap_or_default();
        let organization = writable(&self.service, caller, &given.organization_id).await?;
        let now = self.service.clock.now();
        let mut address = OrganizationAddress {
            address_id: AddressId::generate(),
            organization_id: organization.organization_id,
            street: String::new(),
            number: String::new(),
            complement: None,
            neighborhood: None,
            city: String::new(),
            state: String::new(),
            postal_code: String::new(),
            country: String::new(),
            created_at: now,
            updated_at: now,
        };
        let mut fields = Fields::new();
        change(&mut fields, &mut address, &given, MEMBERS);
        fields.check()?;
        let (address, company_id) = (&address, organization.company_id);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, company_id, address).await?;
                    let address = Some(address.clone().into());
                    Ok::<_, Error>(pb::CreateOrganizationAddressResponse { address })
                })
            })
            .await
    }

    async fn update_organization_address(
        &self,
        request: Request<pb::UpdateOrganizationAddressRequest>,
    ) -> Result<Response<pb::UpdateOrganizationAddressResponse>, Status> {
        let given = &request.get_ref().address.clone().unwrap_or_default();
        let found = self.find(&request, &given.id).await?;
        let caller = Caller::of(&request)?;
        let organization =
            locate(&self.service, caller, &found.organization_id).await.map_err(as_absent)?;
        permit(caller, &organization)?;
        let (address_id, now) = (found.address_id, self.service.clock.now());
        let paths = &request.get_ref().update_mask.clone().unwrap_or_default().paths;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut address = store::lock(&mut tx, address_id).await?;
                    let mut fields = Fields::new();
                    let names = paths.iter().map(String::as_str);
                    change(&mut fields, &mut address, given, names);
                    fields.check()?;
                    address.updated_at = now;
                    store::save(&mut tx, &address).await?;
                    let address = Some(address.into());
                    Ok::<_, Error>(pb::UpdateOrganizationAddressResponse { address })
                })
            })
            .await
    }
}

impl OrganizationAddresses {
    async fn find<T>(
        &self,
        request: &Request<T>,
        address_id: &str,
    ) -> Result<OrganizationAddress, Status> {
        Caller::of(request)?;
        let address_id = address_id.parse().map_err(|_| address_not_found())?;
        Ok(store::find(&self.service.db, address_id).await?)
    }
}

/// Whoever may not see an organization does not see its addresses either.
fn as_absent(status: Status) -> Status {
    if status.code() == organization_not_found().code() { address_not_found() } else { status }
}

/// Takes the named members over.
fn change<'a>(
    fields: &mut Fields,
    address: &mut OrganizationAddress,
    given: &pb::OrganizationAddress,
    names: impl IntoIterator<Item = &'a str>,
) {
    for name in names {
        match name {
            "street" => set(&mut address.street, fields.text(name, &given.street, 1, TEXT_MAX)),
            "number" => set(&mut address.number, fields.text(name, &given.number, 1, NUMBER_MAX)),
            "complement" => {
                let text = given.complement.as_deref();
                address.complement = fields.optional_text(name, text, TEXT_MAX);
            }
            "neighborhood" => {
                let text = given.neighborhood.as_deref();
                address.neighborhood = fields.optional_text(name, text, TEXT_MAX);
            }
            "city" => set(&mut address.city, fields.text(name, &given.city, 1, TEXT_MAX)),
            "state" => set(&mut address.state, fields.text(name, &given.state, 1, STATE_MAX)),
            "postal_code" => {
                let text = fields.text(name, &given.postal_code, 1, POSTAL_CODE_MAX);
                set(&mut address.postal_code, text);
            }
            "country" => set(&mut address.country, fields.text(name, &given.country, 1, TEXT_MAX)),
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
}

fn set(member: &mut String, value: Option<String>) {
    if let Some(value) = value {
        *member = value;
    }
}

impl From<OrganizationAddress> for pb::OrganizationAddress {
    fn from(address: OrganizationAddress) -> Self {
        Self {
            id: address.address_id.to_string(),
            organization_id: address.organization_id,
            street: address.street,
            number: address.number,
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
            postal_code: address.postal_code,
            country: address.country,
            created_at: Some(timestamp::to_proto(address.created_at)),
            updated_at: Some(timestamp::to_proto(address.updated_at)),
        }
    }
}
