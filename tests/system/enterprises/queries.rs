//! Questions with nested brackets.

use harness::{World, iccid};
use serde_json::{Value, json};

use super::{Family, all, names};

#[tokio::test]
async fn lists_are_filtered_searched_sorted_and_paged() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    for (name, cnpj) in [("Água Limpa 50%", "11.AA-1"), ("beta_x", "22"), ("Zeta", "33")] {
        family.adds(name, cnpj).await;
    }
    let everybody = ["Água Limpa 50%", "beta_x", "Topo", "Zeta"];
    for (query, expected) in [
        ("", &everybody[..]),
        ("/", &everybody),
        ("?sort[name]=-1&limit=2", &["Zeta", "Topo"]),
        ("?limit=3&page=2", &["Zeta"]),
        ("?limit=3&page=0", &everybody[..3]),
        ("?page=99", &[]),
        ("?page=99999999999999999999", &[]),
        ("?sort[created_at]=-1&limit=1", &["Zeta"]),
        ("?filters[enterprise.name][ilk]=LIMPA", &["Água Limpa 50%"]),
        ("?filters%5Benterprises.name%5D%5Bew%5D=x", &["beta_x"]),
        ("?filters[enterprise.name][ilk]=%25", &["Água Limpa 50%"]),
        ("?filters[enterprise.name][ilk]=_", &["beta_x"]),
        ("?filters[enterprise.name][eq]=zeta", &[]),
        ("?filters[enterprise.name][neq]=Zeta", &everybody[..3]),
        ("?filters[enterprise.cnpj][eq]=11aa1", &["Água Limpa 50%"]),
        ("?filters[enterprise.cnpj][sw]=2&filters[enterprise.name][sw]=B", &["beta_x"]),
        ("?filters[enterprise.cnpj][ilk]=.-/", &[]),
        ("?search=1a", &["Água Limpa 50%"]),
        ("?search=ZE", &["Zeta"]),
    ] {
        assert_eq!(names(&family.get(query).await), expected, "{query}");
    }
    let counted = family.get("?count=true&limit=1&page=2").await;
    assert_eq!(counted["meta"], json!({"page": 2, "limit": 1, "total": 4}));
    let counted = family.get("?count=1&search=zeta").await;
    assert_eq!(counted["meta"], json!({"page": 1, "limit": 15, "total": 1}));
    let some = family.get("?attributes[]=cnpj&attributes[]=phone1&search=zeta").await;
    assert_eq!(some["data"][0]["attributes"], json!({"cnpj": "33", "phone1": null}));
    let none = family.get("?attributes[]=serial&limit=1").await;
    assert_eq!(none["data"][0]["attributes"], json!({}));
}

#[tokio::test]
async fn chips_and_devices_are_asked_of_telecom() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let mut ids = Vec::new();
    for (name, cnpj) in [("A", "1"), ("B", "2"), ("C", "3")] {
        let id = family.adds(name, cnpj).await;
        ids.push(family.company_of(&id).await);
    }
    let mut serials = [iccid(), iccid(), iccid()];
    serials.sort();
    let operator = &family.operator;
    operator.adds_chip(&ids[0], &serials[1], "L1").await;
    operator.adds_chip(&ids[0], &serials[2], "L2").await;
    operator.adds_chip(&ids[1], &serials[0], "L2").await;
    operator.adds_device(&ids[1], "Rastreador", "R-1").await.unwrap();
    operator.adds_device(&ids[1], "Antena", "R-2").await.unwrap();
    operator.adds_device(&ids[2], "Rastreador", "R-3").await.unwrap();
    let serial = &serials[2];
    for (query, expected) in [
        (format!("?filters[chips.serial][eq]={serial}"), &["A"][..]),
        ("?filters[chips.batch][eq]=L2".to_owned(), &["A", "B"]),
        (format!("?filters[chips.batch][eq]=L1&filters[chips.serial][eq]={serial}"), &[]),
        ("?filters[chips.batch][neq]=L2".to_owned(), &["A"]),
        ("?filters[chips.carrier][ilk]=VIV&filters[device.code][sw]=r-".to_owned(), &["B"]),
        ("?filters[chips.service_provider][ew]=nha&search=b".to_owned(), &["B"]),
        ("?filters[device.name][eq]=Rastreador".to_owned(), &["B", "C"]),
        ("?filters[device.name][eq]=Antena&filters[device.code][eq]=R-1".to_owned(), &[]),
        ("?sort[serial]=1&limit=2".to_owned(), &["B", "A"]),
        ("?sort[serial]=-1&limit=2".to_owned(), &["A", "B"]),
        ("?filters[device.name][ilk]=astre&sort[name]=-1".to_owned(), &["C", "B"]),
    ] {
        assert_eq!(names(&family.get(&query).await), expected, "{query}");
    }
    let counted = family.get("?filters[chips.batch][eq]=L2&count=true&limit=1").await;
    assert_eq!(counted["meta"]["total"], 2);
    let with = family.get("?includes[device][]=code&search=b").await;
    let devices = &with["data"][0]["relationships"]["device"];
    let codes: Vec<_> =
        devices.as_array().unwrap().iter().map(|device| device["attributes"].clone()).collect();
    assert_eq!(codes, [json!({"code": "R-1"}), json!({"code": "R-2"})], "oldest first");
    assert_eq!(all(&json!({ "data": devices }), "/type"), ["device", "device"]);
    let without = family.get("?includes[device]=&filters[enterprise.name][eq]=A").await;
    assert_eq!(without["data"][0]["relationships"], json!({"device": []}));
}

#[tokio::test]
async fn the_demo_has_everything_that_can_be_included() {
    let world = World::shared().await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    let all = "includes[device]=&includes[enterprise]=&includes[addresses]=&includes[document]=\
               &includes[country]=";
    let list = admin.get(&format!("/v2/enterprises?{all}&count=true")).await.expect(200);
    assert_eq!(list["meta"]["total"], 3);
    let items = list["data"].as_array().unwrap();
    assert!(items.iter().any(|item| item["id"] == account.enterprise_id.as_str()));
    let equipped = items.iter().find(|item| item["attributes"]["name"] == "Transportes Ipê");
    let related = &equipped.expect("it")["relationships"];
    assert_eq!(related["country"]["attributes"]["code"], "BR");
    assert_eq!(related["enterprise"]["id"], account.enterprise_id.as_str());
    assert_eq!(related["device"][0]["attributes"]["imei"], "490154203237518");
    let address = &related["addresses"][0]["attributes"];
    assert_eq!(
        address["formatted_address"],
        "Rua Marechal Deodoro, 666 - Apartamento 101, Centro, Curitiba - PR, 80010-010"
    );
    assert_eq!(related["document"]["attributes"]["mime"], "application/pdf");
    let by_number = admin.get("/v2/enterprises?filters[chips.number][ilk]=%2B5541").await;
    assert_eq!(names(&by_number.expect(200)), ["Transportes Ipê"]);
    let sorted = admin.get("/v2/enterprises?sort[number]=-1").await.expect(200);
    assert_eq!(names(&sorted)[0], "Transportes Ipê");
    let other = world.demo.other_enterprise.as_ref().expect("another");
    let path = format!("/v2/enterprises/{}", other.enterprise_id);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_ne!(list["data"], Value::Null);
}
