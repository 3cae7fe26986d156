//! Nobody gets in: every rpc of every service, called directly.

use std::collections::BTreeSet;

use harness::{World, with_token};
use local::Part;
use prost_reflect::DescriptorPool;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::company::v1::employee_service_client::EmployeeServiceClient;
use proto::company::v1::{GetCompanyRequest, ListEmployeesRequest, UpdateCompanyRequest};
use proto::identity::v1::LoginRequest;
use proto::identity::v1::session_service_client::SessionServiceClient;
use proto::telecom::v1::line_service_client::LineServiceClient;
use proto::telecom::v1::{GetLineRequest, OrderLineRequest};
use tokio_stream::StreamExt;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

const FORGED: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ.eyJzdWIiOiJ4In0.AAAA";

#[tokio::test]
async fn no_rpc_answers_without_a_token_or_with_a_forged_one() {
    let world = World::shared().await;
    let mut walked = 0;
    for part in Part::SERVICES {
        let channel = world.channel(part);
        for path in rpcs(&channel).await {
            for token in [None, Some(FORGED)] {
                let refusal = call(&channel, &path, token).await.unwrap_err();
                assert_eq!(refusal.code(), Code::Unauthenticated, "{part} {path}: {refusal}");
            }
            walked += 1;
        }
    }
    assert!(walked > 40, "only {walked} rpcs were found");
}

/// The paths of a service's rpcs, as it tells them itself.
async fn rpcs(channel: &Channel) -> BTreeSet<String> {
    let contracts = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel.clone())
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    list.service
        .iter()
        .filter(|service| service.name.starts_with("linha."))
        .flat_map(|service| {
            let service = contracts.get_service_by_name(&service.name).unwrap();
            let name = service.full_name().to_owned();
            service.methods().map(move |rpc| format!("/{name}/{}", rpc.name())).collect::<Vec<_>>()
        })
        .collect()
}

/// Calls an rpc with an empty message.
async fn call(channel: &Channel, path: &str, token: Option<&str>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let request = match token {
        Some(token) => with_token((), token),
        None => Request::new(()),
    };
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path: PathAndQuery = path.parse().unwrap();
    client.unary(request, path, codec).await.map(drop)
}

#[tokio::test]
async fn another_companys_things_do_not_exist_over_grpc() {
    let world = World::shared().await;
    let token =
        token_of(world, &world.demo.other_manager.email, &world.demo.other_manager.password).await;
    let company_id = world.company_id().to_owned();
    let mut companies = CompanyServiceClient::new(world.channel(Part::Company));
    let mut employees = EmployeeServiceClient::new(world.channel(Part::Company));
    let mut lines = LineServiceClient::new(world.channel(Part::Telecom));

    let get = GetCompanyRequest { company_id: company_id.clone() };
    let refusal = companies.get_company(with_token(get, &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let update = UpdateCompanyRequest {
        company: Some(proto::company::v1::Company {
            id: company_id.clone(),
            trading_name: Some("Mine".to_owned()),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["trading_name".to_owned()] }),
    };
    let refusal = companies.update_company(with_token(update, &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let list = ListEmployeesRequest { company_id: company_id.clone(), page: None };
    let refusal = employees.list_employees(with_token(list, &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let order = OrderLineRequest {
        company_id,
        plan_id: world.plan_id().to_owned(),
        area_code: 41,
        user_id: None,
    };
    let refusal = lines.order_line(with_token(order, &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let get = GetLineRequest { line_id: world.demo.holder.phone_account_id.clone() };
    let refusal = lines.get_line(with_token(get, &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
}

#[tokio::test]
async fn a_person_cannot_pose_as_a_service() {
    let world = World::shared().await;
    let operator = &world.demo.operator;
    let token = token_of(world, &operator.email, &operator.password).await;
    let mut sessions = SessionServiceClient::new(world.channel(Part::Identity));
    let refusal = sessions.login(with_token(LoginRequest::default(), &token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let channel = world.channel(Part::Telecom);
    let path = "/linha.events.v1.EventSinkService/DeliverEvent";
    let refusal = call(&channel, path, Some(&token)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
}

async fn token_of(world: &World, email: &str, password: &str) -> String {
    let body = serde_json::json!({ "email": email, "password": password });
    let answer = world.rest().post("/login", &body).await.expect(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_expired_token_is_refused_everywhere() {
    let world = World::own().await;
    let manager = &world.demo.manager;
    let token = token_of(&world, &manager.email, &manager.password).await;
    let rest = world.rest().with_token(&token);
    rest.get("/phone-accounts").await.expect(200);
    world.advance("PT24H1S").await;

    rest.get("/phone-accounts").await.refused(401, "unauthorized");
    for part in Part::SERVICES {
        let channel = world.channel(part);
        for path in rpcs(&channel).await {
            let refusal = call(&channel, &path, Some(&token)).await.unwrap_err();
            assert_eq!(refusal.code(), Code::Unauthenticated, "{part} {path}: {refusal}");
        }
    }
    // The services' own tokens aged as well, and were renewed.
    let token = token_of(&world, &manager.email, &manager.password).await;
    world.rest().with_token(&token).get("/phone-accounts").await.expect(200);
}
