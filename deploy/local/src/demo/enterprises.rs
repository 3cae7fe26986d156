//! Two enterprises of the demo, each with others below it.

use anyhow::Context;
use proto::common::v1::Address;
use proto::company::v1::enterprise_admin_service_client::EnterpriseAdminServiceClient;
use proto::company::v1::enterprise_service_client::EnterpriseServiceClient;
use proto::company::v1::{
    AddEnterpriseDocumentRequest, CreateEnterpriseRequest, Enterprise, EnterpriseDocument,
    EnterpriseValues, PutEnterpriseAddressesRequest, RegisterEnterpriseRequest,
};
use proto::telecom::v1::device_service_client::DeviceServiceClient;
use proto::telecom::v1::{
    ActivateSimCardRequest, AddSimCardsRequest, Device, OrderLineRequest, RegisterDeviceRequest,
    RegisterVehicleRequest, Vehicle,
};
use tonic::transport::Channel;

use super::client::Client;
use super::load::{address, appoint, iccid};
use super::{Demo, EnterpriseAccount};
use crate::process::Part;

const BRAZIL: &str = "c8a098d7b6932c2";
const AREA_CODE: u32 = 41;
const SIM_CARDS: u64 = 3;

type Member = (&'static str, &'static str, &'static str);

struct Family {
    key: &'static str,
    /// Names, CNPJs and e-mails: of the enterprise itself, of one below it that has everything, and of one
    /// that has nothing.
    members: [Member; 3],
    admin_password: &'static str,
    first_sim_card: u64,
    imei: &'static str,
}

const FROTA_NORTE: Family = Family {
    key: "frota-norte",
    members: [
        ("Frota Norte Rastreamento", "40.111.222/0001-04", "contato@frota-norte.example"),
        ("Transportes Ipê", "40.111.222/0002-87", "contato@transportes-ipe.example"),
        ("Águas do Norte Logística", "40.111.222/0003-68", "contato@aguas-do-norte.example"),
    ],
    admin_password: "admin-of-frota-norte",
    first_sim_card: 2_000,
    imei: "490154203237518",
};

const RASTRO_SUL: Family = Family {
    key: "rastro-sul",
    members: [
        ("Rastro Sul Telemetria", "50.333.444/0001-17", "contato@rastro-sul.example"),
        ("Cargas Araucária", "50.333.444/0002-06", "contato@cargas-araucaria.example"),
        ("Vale Verde Agrícola", "50.333.444/0003-89", "contato@vale-verde.example"),
    ],
    admin_password: "admin-of-rastro-sul",
    first_sim_card: 2_100,
    imei: "356938035643809",
};

/// Makes both, each with an administrator.
pub(super) async fn load(
    operator: &Client<'_>,
    plan_id: &str,
) -> anyhow::Result<[EnterpriseAccount; 2]> {
    Ok([
        family(operator, &FROTA_NORTE, plan_id).await?,
        family(operator, &RASTRO_SUL, plan_id).await?,
    ])
}

/// Adds both to what an older installation has.
pub(super) async fn complete(operator: &Client<'_>, demo: Demo) -> anyhow::Result<Demo> {
    let plan_id = demo.subscription_plan_ids.first().context("no plan")?;
    let [enterprise, other] = load(operator, plan_id).await?;
    Ok(Demo { enterprise: Some(enterprise), other_enterprise: Some(other), ..demo })
}

async fn family(
    operator: &Client<'_>,
    family: &Family,
    plan_id: &str,
) -> anyhow::Result<EnterpriseAccount> {
    let [top, equipped, bare] = family.members;
    let register = RegisterEnterpriseRequest { values: Some(values(top)), is_main_client: true };
    let request = operator.once(family.key, register)?;
    let registered = operator.enterprise_admin()?.register_enterprise(request).await?;
    let top = registered.into_inner().enterprise.context("no enterprise")?;
    let equipped = below(operator, &top, &format!("{}-equipped", family.key), equipped).await?;
    below(operator, &top, &format!("{}-bare", family.key), bare).await?;
    papers(operator, family, &equipped).await?;
    equip(operator, family, &equipped.company_id, plan_id).await?;
    let email = format!("admin@{}.example", family.key);
    appoint(operator, &top.company_id, &email, family.admin_password).await?;
    let password = family.admin_password.to_owned();
    Ok(EnterpriseAccount { email, password, enterprise_id: top.id })
}

async fn below(
    operator: &Client<'_>,
    top: &Enterprise,
    key: &str,
    member: Member,
) -> anyhow::Result<Enterprise> {
    let create =
        CreateEnterpriseRequest { own_enterprise: top.id.clone(), values: Some(values(member)) };
    let request = operator.once(key, create)?;
    let created = operator.enterprises()?.create_enterprise(request).await?;
    created.into_inner().enterprise.context("no enterprise")
}

fn values((name, cnpj, email): Member) -> EnterpriseValues {
    EnterpriseValues {
        name: name.to_owned(),
        cnpj: cnpj.to_owned(),
        email: Some(email.to_owned()),
        timezone: Some("America/Sao_Paulo".to_owned()),
        phone1: Some("(41) 3333-4444".to_owned()),
        assistance_emergency_tel: Some("0800 123 4567".to_owned()),
        country_id: Some(BRAZIL.to_owned()),
        ..EnterpriseValues::default()
    }
}

async fn papers(
    operator: &Client<'_>,
    family: &Family,
    enterprise: &Enterprise,
) -> anyhow::Result<()> {
    let addresses: Vec<Address> = vec![address()];
    let enterprise_id = enterprise.id.clone();
    let put = PutEnterpriseAddressesRequest { enterprise_id: enterprise_id.clone(), addresses };
    let request = operator.once(&format!("{}-addresses", family.key), put)?;
    operator.enterprise_admin()?.put_enterprise_addresses(request).await?;
    let document = EnterpriseDocument {
        file_size: 48_213,
        folder: "contracts".to_owned(),
        key_name: format!("{}-2025.pdf", family.key),
        mime: "application/pdf".to_owned(),
        name: "Contract of 2025".to_owned(),
        ..EnterpriseDocument::default()
    };
    let add = AddEnterpriseDocumentRequest { enterprise_id, document: Some(document) };
    let request = operator.once(&format!("{}-document", family.key), add)?;
    operator.enterprise_admin()?.add_enterprise_document(request).await?;
    Ok(())
}

/// Chips, one of them with a number; a device and a vehicle.
async fn equip(
    operator: &Client<'_>,
    family: &Family,
    company_id: &str,
    plan_id: &str,
) -> anyhow::Result<()> {
    let last = family.first_sim_card + SIM_CARDS;
    let cards = AddSimCardsRequest {
        company_id: company_id.to_owned(),
        iccids: (family.first_sim_card..last).filter_map(iccid).collect(),
        provider: String::new(),
        service_provider: "Linha".to_owned(),
        batch: format!("{}-1", family.key),
    };
    operator.stock()?.add_sim_cards(operator.request(cards)?).await?;
    let order = OrderLineRequest {
        company_id: company_id.to_owned(),
        plan_id: plan_id.to_owned(),
        area_code: AREA_CODE,
        user_id: None,
    };
    let request = operator.once(&format!("{}-line", family.key), order)?;
    let ordered = operator.lines()?.order_line(request).await?.into_inner();
    let card = ActivateSimCardRequest {
        line_id: ordered.line.context("no line")?.id,
        sim_card_number: iccid(family.first_sim_card).context("no card")?,
    };
    let request = operator.once(&format!("{}-card", family.key), card)?;
    operator.lines()?.activate_sim_card(request).await?;

    let device = Device {
        company_id: company_id.to_owned(),
        name: "Rastreador da cabine".to_owned(),
        imei: Some(family.imei.to_owned()),
        code: Some(format!("{}-R1", family.key)),
        ..Device::default()
    };
    let register = RegisterDeviceRequest { device: Some(device) };
    let request = operator.once(&format!("{}-device", family.key), register)?;
    operator.devices()?.register_device(request).await?;
    let vehicle = Vehicle {
        company_id: company_id.to_owned(),
        name: "Caminhão baú".to_owned(),
        plate: Some("BRA2E19".to_owned()),
        ..Vehicle::default()
    };
    let register = RegisterVehicleRequest { vehicle: Some(vehicle) };
    let request = operator.once(&format!("{}-vehicle", family.key), register)?;
    operator.devices()?.register_vehicle(request).await?;
    Ok(())
}

impl Client<'_> {
    fn enterprises(&self) -> anyhow::Result<EnterpriseServiceClient<Channel>> {
        Ok(EnterpriseServiceClient::new(self.channel(Part::Company)?))
    }

    fn enterprise_admin(&self) -> anyhow::Result<EnterpriseAdminServiceClient<Channel>> {
        Ok(EnterpriseAdminServiceClient::new(self.channel(Part::Company)?))
    }

    fn devices(&self) -> anyhow::Result<DeviceServiceClient<Channel>> {
        Ok(DeviceServiceClient::new(self.channel(Part::Telecom)?))
    }
}
