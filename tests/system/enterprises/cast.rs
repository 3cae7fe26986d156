//! Enterprises of one's own, and who asks in their name.

use harness::{Rest, World, with_token};
use local::Part;
use prost_types::FieldMask;
use proto::company::v1::enterprise_admin_service_client::EnterpriseAdminServiceClient;
use proto::company::v1::{
    AddAffiliationRequest, AffiliationState, EnterpriseValues, MarkMainClientRequest,
    RegisterEnterpriseRequest, SetAffiliationStateRequest,
};
use proto::telecom::v1::device_service_client::DeviceServiceClient;
use proto::telecom::v1::stock_service_client::StockServiceClient;
use proto::telecom::v1::{
    AddSimCardsRequest, Device, RegisterDeviceRequest, RegisterVehicleRequest, RemoveDeviceRequest,
    UpdateDeviceRequest, Vehicle,
};
use serde_json::{Value, json};
use tonic::Status;

use super::new;
use crate::cast::invited;

/// An enterprise that is below no other, with an administrator and a member.
pub(crate) struct Family<'a> {
    pub(crate) world: &'a World,
    /// 15 digits and letters.
    pub(crate) id: String,
    pub(crate) company_id: String,
    pub(crate) admin: Rest,
    pub(crate) member: Rest,
    pub(crate) operator: Operator<'a>,
}

/// The operator, who speaks gRPC.
pub(crate) struct Operator<'a> {
    world: &'a World,
    token: String,
    pub(crate) rest: Rest,
}

impl<'a> Family<'a> {
    pub(crate) async fn new(world: &'a World) -> Self {
        let operator = Operator::of(world).await;
        let (id, company_id) = operator.registers("Topo", "00").await;
        let token = invited(world, &operator.rest, &company_id, "managers").await;
        let admin = world.rest().with_token(&token);
        let token = invited(world, &operator.rest, &company_id, "members").await;
        let member = world.rest().with_token(&token);
        Self { world, id, company_id, admin, member, operator }
    }

    /// Makes an enterprise below it; its id.
    pub(crate) async fn adds(&self, name: &str, cnpj: &str) -> String {
        let made = self.admin.post("/v2/enterprises/", &new(name, cnpj)).await.expect(200);
        made["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// The UUID of an enterprise.
    pub(crate) async fn company_of(&self, id: &str) -> String {
        let found = sqlx::query_scalar(
            "select company_id::text from company.enterprise where public_id = $1",
        )
        .bind(id)
        .fetch_one(&self.world.database().await)
        .await;
        found.expect("an enterprise")
    }

    /// What a path of the API answers to the administrator.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.admin.get(&format!("/v2/enterprises{path}")).await.expect(200)
    }
}

impl<'a> Operator<'a> {
    pub(crate) async fn of(world: &'a World) -> Self {
        let account = &world.demo.operator;
        let body = json!({ "email": account.email, "password": account.password });
        let session = world.rest().post("/login", &body).await.expect(200);
        let token = session["access_token"].as_str().expect("a token").to_owned();
        Self { world, rest: world.rest().with_token(&token), token }
    }

    fn admin(&self) -> EnterpriseAdminServiceClient<tonic::transport::Channel> {
        EnterpriseAdminServiceClient::new(self.world.channel(Part::Company))
    }

    fn devices(&self) -> DeviceServiceClient<tonic::transport::Channel> {
        DeviceServiceClient::new(self.world.channel(Part::Telecom))
    }

    /// Makes an enterprise that is below no other: its id, and the UUID of its company.
    pub(crate) async fn registers(&self, name: &str, cnpj: &str) -> (String, String) {
        let values = EnterpriseValues {
            name: name.to_owned(),
            cnpj: cnpj.to_owned(),
            ..EnterpriseValues::default()
        };
        let register = RegisterEnterpriseRequest { values: Some(values), is_main_client: false };
        let made = self.admin().register_enterprise(with_token(register, &self.token)).await;
        let made = made.expect("an enterprise").into_inner().enterprise.expect("an enterprise");
        (made.id, made.company_id)
    }

    pub(crate) async fn marks_main_client(&self, id: &str, is_main_client: bool) {
        let mark = MarkMainClientRequest { enterprise_id: id.to_owned(), is_main_client };
        self.admin().mark_main_client(with_token(mark, &self.token)).await.expect("marked");
    }

    pub(crate) async fn affiliates(&self, parent: &str, child: &str) {
        let add =
            AddAffiliationRequest { parent_id: parent.to_owned(), child_id: child.to_owned() };
        self.admin().add_affiliation(with_token(add, &self.token)).await.expect("affiliated");
    }

    pub(crate) async fn suspends(&self, parent: &str, child: &str) {
        let suspend = SetAffiliationStateRequest {
            parent_id: parent.to_owned(),
            child_id: child.to_owned(),
            state: AffiliationState::Suspended.into(),
        };
        let request = with_token(suspend, &self.token);
        self.admin().set_affiliation_state(request).await.expect("suspended");
    }

    /// Adds a device; its id.
    pub(crate) async fn adds_device(
        &self,
        company_id: &str,
        name: &str,
        code: &str,
    ) -> Result<String, Status> {
        let device = Device {
            company_id: company_id.to_owned(),
            name: name.to_owned(),
            code: Some(code.to_owned()),
            ..Device::default()
        };
        let register = RegisterDeviceRequest { device: Some(device) };
        let added = self.devices().register_device(with_token(register, &self.token)).await?;
        Ok(added.into_inner().device.expect("a device").id)
    }

    /// Calls a device something else.
    pub(crate) async fn renames_device(
        &self,
        company_id: &str,
        device_id: &str,
        name: &str,
    ) -> Result<(), Status> {
        let device = Device {
            id: device_id.to_owned(),
            company_id: company_id.to_owned(),
            name: name.to_owned(),
            ..Device::default()
        };
        let update_mask = Some(FieldMask { paths: vec!["name".to_owned()] });
        let update = UpdateDeviceRequest { device: Some(device), update_mask };
        self.devices().update_device(with_token(update, &self.token)).await.map(drop)
    }

    /// The same calls, of somebody else.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { world: self.world, token: token.to_owned(), rest: self.rest.with_token(token) }
    }

    pub(crate) async fn removes_device(&self, company_id: &str, device_id: &str) {
        let (company_id, device_id) = (company_id.to_owned(), device_id.to_owned());
        let remove = RemoveDeviceRequest { company_id, device_id };
        self.devices().remove_device(with_token(remove, &self.token)).await.expect("removed");
    }

    pub(crate) async fn adds_vehicle(&self, company_id: &str) {
        let vehicle = Vehicle {
            company_id: company_id.to_owned(),
            name: "Carreta".to_owned(),
            ..Vehicle::default()
        };
        let register = RegisterVehicleRequest { vehicle: Some(vehicle) };
        self.devices().register_vehicle(with_token(register, &self.token)).await.expect("added");
    }

    /// Adds a chip to a company's stock.
    pub(crate) async fn adds_chip(&self, company_id: &str, iccid: &str, batch: &str) {
        let cards = AddSimCardsRequest {
            company_id: company_id.to_owned(),
            iccids: vec![iccid.to_owned()],
            provider: "Vivo".to_owned(),
            service_provider: "Linha".to_owned(),
            batch: batch.to_owned(),
        };
        let added = StockServiceClient::new(self.world.channel(Part::Telecom))
            .add_sim_cards(with_token(cards, &self.token))
            .await
            .expect("added");
        assert_eq!(added.into_inner().created, 1);
    }
}
