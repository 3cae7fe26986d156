//! Each field, header, parameter and sample of the contract that no story tells of.

use harness::World;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Family, all, names, new, refused};
use crate::cast::invited;
use crate::openapi::Document;

const RELATIONS: &str = "includes[device]=&includes[enterprise]=&includes[addresses]=\
                         &includes[document]=&includes[country]=";

#[tokio::test]
async fn each_field_has_its_limit_and_may_be_null_or_not() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let path = format!("/v2/enterprises/{}", family.adds("Filha", "1").await);
    let change = async |name: &str, value: Value| {
        let body = json!({"data": {"attributes": {name: value}}});
        family.admin.patch(&path, &body).await
    };
    for (name, max) in [
        ("name", 250),
        ("cnpj", 25),
        ("phone1", 100),
        ("phone2", 100),
        ("email", 100),
        ("contact_name", 100),
        ("fantasy_name", 100),
        ("assistance_emergency_tel", 100),
        ("theft_emergency_tel", 100),
        ("webpage", 255),
    ] {
        let longest = format!("1{}", "ç".repeat(max - 1));
        let changed = change(name, json!(longest)).await.expect(200);
        assert_eq!(changed["data"]["attributes"][name], longest, "{name}");
        refused(change(name, json!(format!("{longest}x"))).await, 400, "Bad Request");
        refused(change(name, json!("a\tb")).await, 400, "Bad Request");
        refused(change(name, json!(1)).await, 400, "Bad Request");
        if ["name", "cnpj"].contains(&name) {
            refused(change(name, Value::Null).await, 400, "Bad Request");
            refused(change(name, json!("")).await, 400, "Bad Request");
        } else {
            let changed = change(name, Value::Null).await.expect(200);
            assert_eq!(changed["data"]["attributes"][name], Value::Null, "{name}");
        }
    }
    for zone in ["America/New_York", "Brazil/East", "Europe/Kyiv", "America/Ciudad_Juarez"] {
        let changed = change("timezone", json!(zone)).await.expect(200);
        assert_eq!(changed["data"]["attributes"]["timezone"], zone);
    }
    refused(change("timezone", json!("america/new_york")).await, 400, "Bad Request");
    let changed = change("timezone", Value::Null).await.expect(200);
    assert_eq!(changed["data"]["attributes"]["timezone"], Value::Null);
}

#[tokio::test]
async fn the_samples_of_change_deletion_and_status_are_taken() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let id = family.adds("Filha", "1").await;
    let path = format!("/v2/enterprises/{id}");
    let sample = super::story::sample();
    let changed = family.admin.patch(&path, &sample).await.expect(200);
    let attributes = &changed["data"]["attributes"];
    for (name, value) in sample["body"]["data"]["attributes"].as_object().unwrap() {
        assert_eq!(&attributes[name], value, "{name}");
    }
    let relationships = &sample["body"]["data"]["relationships"];
    assert_eq!(&changed["data"]["relationships"], relationships);
    let again = family.admin.patch(&path, &sample).await.expect(200);
    assert_eq!(again, changed, "the same values change nothing, not even the time");

    for situation in ["deactivation", "activation"] {
        let params = json!({"params": {"id": id, "situation": situation}});
        let path = format!("{path}/status/{situation}");
        let set = family.admin.patch(&path, &params).await.expect(200);
        let is_served = set["data"]["attributes"]["deactivated_at"].is_null();
        assert_eq!(is_served, situation == "activation");
    }
    let absent = "/v2/enterprises/ABC1234567890DE/status/activation";
    refused(family.admin.send(Method::PATCH, absent, None).await, 404, "Not Found");
    let params = json!({"params": {"id": "ABC1234567890DEF"}});
    family.admin.send(Method::DELETE, &path, Some(&params)).await.expect(200);
}

#[tokio::test]
async fn show_takes_attributes_and_includes_as_lists_do() {
    let world = World::shared().await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    let list = admin.get(&format!("/v2/enterprises?{RELATIONS}&search=transportes")).await;
    let listed = list.expect(200)["data"][0].clone();
    let path = format!("/v2/enterprises/{}", listed["id"].as_str().unwrap());
    let shown = admin.get(&format!("{path}?{RELATIONS}")).await.expect(200);
    assert_eq!(shown, json!({ "data": listed }));
    let encoded = RELATIONS.replace('[', "%5B").replace(']', "%5D");
    assert_eq!(admin.get(&format!("{path}?{encoded}")).await.expect(200), shown);

    let part = "attributes[]=name&attributes[]=batch&includes[device][]=code\
                &includes[enterprise][]=cnpj&includes[addresses][]=region\
                &includes[addresses][]=zip_code&includes[document][0]=folder\
                &includes[document][1]=key_name&includes[country][]=name";
    let part = admin.get(&format!("{path}?{part}")).await.expect(200);
    let (attributes, related) = (&part["data"]["attributes"], &part["data"]["relationships"]);
    assert_eq!(attributes, &json!({"name": "Transportes Ipê"}));
    assert_eq!(related["device"][0]["attributes"], json!({"code": "frota-norte-R1"}));
    assert_eq!(related["device"][0]["type"], "device");
    assert_eq!(related["enterprise"]["attributes"], json!({"cnpj": "40.111.222/0001-04"}));
    let address = json!({"region": "PR", "zip_code": "80010-010"});
    assert_eq!(related["addresses"][0]["attributes"], address);
    let document = json!({"folder": "contracts", "key_name": "frota-norte-2025.pdf"});
    assert_eq!(related["document"]["attributes"], document);
    assert_eq!(related["country"]["attributes"], json!({"name": "Brazil"}));
    for bad in
        ["attributes[]=x", "includes[device][]=cnpj", "includes[chips]=", "a[b", "includes=x"]
    {
        refused(admin.get(&format!("{path}?{bad}")).await, 400, "Bad Request");
    }
    admin.get(&format!("{path}?limit=0&sort[x]=y")).await.expect(200);
}

#[tokio::test]
async fn every_field_is_compared_in_every_way() {
    let world = World::shared().await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    let found = async |field: &str, operator: &str, value: &str| {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("/v2/enterprises?filters[{field}][{operator}]={value}");
        let list = admin.get(&path).await.expect(200);
        names(&list).contains(&"Transportes Ipê")
    };
    let only = "/v2/enterprises?filters[chips.number][ilk]=41";
    assert_eq!(names(&admin.get(only).await.expect(200)), ["Transportes Ipê"]);
    let (number, serial): (String, String) = sqlx::query_as(
        "select l.phone_number, s.iccid from telecom.sim_card s
           join telecom.line l using (line_id)
           join company.company c on c.company_id = s.company_id
          where c.official_name = 'Transportes Ipê'",
    )
    .fetch_one(&world.database().await)
    .await
    .unwrap();
    for (field, value) in [
        ("chips.number", number.as_str()),
        ("chips.serial", &serial),
        ("chips.service_provider", "Linha"),
        ("chips.batch", "frota-norte-1"),
        ("device.name", "Rastreador da cabine"),
        ("device.imei", "490154203237518"),
        ("device.code", "frota-norte-R1"),
        ("enterprise.name", "Transportes Ipê"),
        ("enterprises.name", "Transportes Ipê"),
        ("enterprise.cnpj", "40.111.222/0002-87"),
        ("enterprises.cnpj", "40111222000287"),
    ] {
        let (first, last) = (&value[..4], &value[value.len() - 4..]);
        let end = value.char_indices().rev().take(3).last().map(|(start, _)| &value[start..]);
        let end = end.unwrap_or(last);
        for (operator, text, expected) in [
            ("eq", value, true),
            ("eq", first, false),
            ("ilk", &first[1..], true),
            ("ilk", "nowhere", false),
            ("sw", first, true),
            ("ew", end, true),
            ("neq", "another 0", true),
        ] {
            let is_found = found(field, operator, text).await;
            assert_eq!(is_found, expected, "{field} {operator} {text}");
        }
        assert!(found(field, "sw", &first.to_uppercase()).await, "{field}");
        if !field.ends_with("cnpj") && first.to_uppercase() != first {
            assert!(!found(field, "eq", &value.to_uppercase()).await, "{field}");
        }
    }
    assert!(found("chips.carrier", "neq", "another").await);
}

#[tokio::test]
async fn who_has_several_enterprises_names_one() {
    let world = World::shared().await;
    let (first, second) = (Family::new(world).await, Family::new(world).await);
    let email = harness::email();
    for (family, role) in [(&first, "managers"), (&second, "members")] {
        let body = json!({ "user_email": email, "user_name": "Somebody Invited" });
        let path = format!("/companies/{}/{role}", family.company_id);
        family.operator.rest.put(&path, &body).await.expect(204);
        if role == "managers" {
            let link = world.mailed_path(&email).await;
            let (path, secret) = link.split_once("?token=").unwrap();
            let accept = json!({ "token": secret, "password": "Passw0rd!" });
            world.rest().post(&format!("{path}/accept"), &accept).await.expect(200);
        }
    }
    let rest = world.rest().log_in(&email, "Passw0rd!").await;
    let ids = async |rest: &harness::Rest| {
        let list = rest.get("/v2/enterprises").await.expect(200);
        all(&list, "/id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ids(&rest).await, [first.id.as_str()], "the oldest membership");
    for own in [&second.id, &second.company_id] {
        let named = rest.with_header("x-company", own).with_header("public-key", "ignored");
        assert_eq!(ids(&named).await, [second.id.as_str()]);
        refused(named.post("/v2/enterprises", &new("A", "1")).await, 401, "Unauthorized");
        let path = format!("/v2/enterprises/{}", first.id);
        refused(named.get(&path).await, 404, "Not Found");
    }
    rest.post("/v2/enterprises", &new("A", "1")).await.expect(200);
    for own in ["ABC1234567890DE", "nonsense", "?"] {
        let named = rest.with_header("x-company", own);
        refused(named.get("/v2/enterprises").await, 401, "Unauthorized");
    }
    let swapped: String = first
        .id
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    if swapped != first.id {
        refused(rest.get(&format!("/v2/enterprises/{swapped}")).await, 404, "Not Found");
    }
}

#[tokio::test]
async fn who_belongs_to_no_enterprise_has_none() {
    let world = World::shared().await;
    let manager = world.manager().await;
    let family = Family::new(world).await;
    let empty = json!({"data": [], "meta": {"page": 3, "limit": 5, "total": 0}});
    let list = manager.get("/v2/enterprises?page=3&limit=5&count=true&sort[number]=1").await;
    assert_eq!(list.expect(200), empty);
    let path = format!("/v2/enterprises/{}", family.id);
    refused(manager.get(&path).await, 404, "Not Found");
    refused(manager.patch(&path, &json!({})).await, 404, "Not Found");
    refused(manager.delete(&path).await, 404, "Not Found");
    let stop = format!("{path}/status/deactivation");
    refused(manager.send(Method::PATCH, &stop, None).await, 404, "Not Found");
    refused(manager.post("/v2/enterprises", &new("A", "1")).await, 401, "Unauthorized");
    assert_eq!(manager.get("/v2/countries").await.expect(200)["data"][0]["type"], "country");
}

#[tokio::test]
async fn without_telecom_only_what_needs_it_is_not_served() {
    let mut world = World::own().await;
    let account = world.demo.enterprise.clone().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    world.stack.kill(Part::Telecom);
    for query in ["filters[chips.batch][eq]=x", "sort[serial]=1", "includes[device]="] {
        let answer = admin.get(&format!("/v2/enterprises?{query}")).await;
        assert!(answer.headers.contains_key("retry-after"), "{query}");
        refused(answer, 503, "Service Unavailable");
    }
    for query in ["", "search=ipê&count=1", "includes[enterprise]=&includes[document]="] {
        admin.get(&format!("/v2/enterprises?{query}")).await.expect(200);
    }
    world.stack.restart(Part::Telecom).await.unwrap();
    world.stack.ready().await.unwrap();
}

#[tokio::test]
async fn a_stopped_enterprise_keeps_its_lines() {
    let world = World::own().await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    world.settle().await;
    let list = admin.get("/v2/enterprises?search=transportes").await.expect(200);
    let path = format!("/v2/enterprises/{}", list["data"][0]["id"].as_str().unwrap());
    let lines = async || -> Vec<(String, Option<String>)> {
        sqlx::query_as(
            "select l.status, l.phone_number from telecom.line l
               join company.company c using (company_id)
              where c.official_name = 'Transportes Ipê'",
        )
        .fetch_all(&world.database().await)
        .await
        .unwrap()
    };
    let before = lines().await;
    assert_eq!(before.len(), 1);
    for situation in ["deactivation", "activation"] {
        let set = format!("{path}/status/{situation}");
        admin.send(Method::PATCH, &set, None).await.expect(200);
        world.settle().await;
        assert_eq!(lines().await, before, "after {situation}");
        let found = admin.get("/v2/enterprises?filters[chips.number][ilk]=41").await.expect(200);
        assert_eq!(names(&found), ["Transportes Ipê"]);
    }
}

#[tokio::test]
async fn the_document_names_every_parameter() {
    let world = World::shared().await;
    let document = Document::of_dialect(world, "enterprises").await;
    let operations = document.operations();
    let list =
        operations.iter().find(|operation| operation.value["operationId"] == "listEnterprises");
    let parameters = list.expect("the list").value["parameters"].as_array().unwrap();
    let named: Vec<&str> =
        parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    for field in [
        "chips.serial",
        "chips.number",
        "chips.carrier",
        "chips.service_provider",
        "chips.batch",
        "device.name",
        "device.imei",
        "device.code",
        "enterprise.name",
        "enterprise.cnpj",
    ] {
        for operator in ["eq", "neq", "ilk", "sw", "ew"] {
            let name = format!("filters[{field}][{operator}]");
            assert!(named.contains(&name.as_str()), "{name}");
        }
    }
    for name in [
        "attributes[]",
        "includes[device][]",
        "includes[enterprise][]",
        "includes[addresses][]",
        "includes[document][]",
        "includes[country][]",
        "search",
        "limit",
        "page",
        "count",
        "sort[number]",
        "sort[serial]",
        "sort[name]",
        "sort[created_at]",
        "X-Company",
    ] {
        assert!(named.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_device_that_was_changed_is_shown_so() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let id = family.adds("Filha", "1").await;
    let company_id = family.company_of(&id).await;
    let operator = &family.operator;
    let device = operator.adds_device(&company_id, "Rastreador", "R-1").await.unwrap();
    operator.renames_device(&company_id, &device, "Antena").await.expect("renamed");
    let path = format!("/v2/enterprises/{id}?includes[device]=");
    let shown = family.admin.get(&path).await.expect(200);
    let device_shown = json!([{
        "type": "device",
        "id": device,
        "attributes": {"name": "Antena", "imei": null, "code": "R-1"}
    }]);
    assert_eq!(shown["data"]["relationships"]["device"], device_shown);
    let token = invited(world, &operator.rest, &company_id, "managers").await;
    let refused = operator.with_token(&token).renames_device(&company_id, &device, "X").await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
}
