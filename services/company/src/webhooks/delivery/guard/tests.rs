use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn guard(exceptions: &[&str]) -> Guard {
    let exceptions: Vec<String> = exceptions.iter().map(|host| (*host).to_owned()).collect();
    Guard::new(&exceptions).unwrap()
}

#[test]
fn every_network_of_the_tables_is_one() {
    assert_eq!(
        (NOT_PUBLIC_V4.len(), GLOBAL_V6.len(), NOT_PUBLIC_V6.len()),
        (15, 1, 4),
        "a text that is not a network would be left out"
    );
}

#[test]
fn only_public_addresses_are_public() {
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for not in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(not.parse().unwrap()), "{not}");
    }
}

#[test]
fn urls_are_read_as_a_browser_reads_them_and_then_judged() {
    let guard = guard(&[]);
    for good in [
        "https://hooks.example.com/linha",
        "http://8.8.8.8:8080/?a=b",
        "https://[2606:4700:4700::1111]/",
        "HTTPS://Exemplo.com.br",
        "https://ação.example/x",
    ] {
        assert!(guard.url(good).is_ok(), "{good}");
    }
    for (text, expected) in [
        ("", Forbidden::Url),
        ("/hooks", Forbidden::Url),
        ("https://", Forbidden::Url),
        ("https://1.2.3.256/", Forbidden::Url),
        ("ftp://example.com/", Forbidden::Scheme),
        ("file:///etc/passwd", Forbidden::Scheme),
        ("gopher://example.com/", Forbidden::Scheme),
        ("javascript:alert(1)", Forbidden::Scheme),
        ("https://ana@example.com/", Forbidden::Credentials),
        ("https://ana:secret@example.com/", Forbidden::Credentials),
        ("https://:secret@example.com/", Forbidden::Credentials),
        ("https://example.com/#here", Forbidden::Fragment),
        ("http://127.0.0.1/", Forbidden::NotPublic),
        ("http://127.1/", Forbidden::NotPublic),
        ("http://0x7f.1/", Forbidden::NotPublic),
        ("http://0x7f000001/", Forbidden::NotPublic),
        ("http://2130706433/", Forbidden::NotPublic),
        ("http://0177.0.0.1/", Forbidden::NotPublic),
        ("http://127.0.0.1./", Forbidden::NotPublic),
        ("http://%31%32%37.0.0.1/", Forbidden::NotPublic),
        ("http://①②⑦.0.0.1/", Forbidden::NotPublic),
        ("http://127。0。0。1/", Forbidden::NotPublic),
        ("http://0/", Forbidden::NotPublic),
        ("http://10.0.0.1\\@8.8.8.8/", Forbidden::NotPublic),
        ("http:\\\\169.254.169.254\\latest", Forbidden::NotPublic),
        ("http://\t192.168.0.1/", Forbidden::NotPublic),
        ("http://[::1]/", Forbidden::NotPublic),
        ("http://[::ffff:7f00:1]/", Forbidden::NotPublic),
        ("http://[::ffff:10.0.0.1]/", Forbidden::NotPublic),
        ("http://[64:ff9b::a9fe:a9fe]/", Forbidden::NotPublic),
        ("http://localhost:5432/", Forbidden::NotPublic),
        ("http://LOCALHOST./", Forbidden::NotPublic),
        ("http://db.localhost/", Forbidden::NotPublic),
        ("http://metadata.google.internal/", Forbidden::NotPublic),
        ("http://printer.local/", Forbidden::NotPublic),
        ("http://router.home.arpa/", Forbidden::NotPublic),
        ("http://postgres/", Forbidden::NotPublic),
    ] {
        assert_eq!(guard.url(text).err(), Some(expected), "{text}");
    }
    let long = format!("https://example.com/{}", "x".repeat(URL_LENGTH_MAX));
    assert_eq!(guard.url(&long).err(), Some(Forbidden::Length));
}

#[test]
fn exceptions_are_compared_as_a_whole() {
    let guard = guard(&["127.0.0.77", " Receiver.Local ", "::1"]);
    for good in [
        "http://127.0.0.77:9999/hook",
        "http://0x7f00004d/",
        "http://receiver.local/",
        "http://[::1]:80/",
    ] {
        assert!(guard.url(good).is_ok(), "{good}");
    }
    for not in
        ["http://127.0.0.78/", "http://127.0.0.1/", "http://a.receiver.local/", "http://[::2]/"]
    {
        assert_eq!(guard.url(not).err(), Some(Forbidden::NotPublic), "{not}");
    }
    assert!(Guard::new(&["no host".to_owned()]).is_err());
}

#[tokio::test]
async fn names_are_judged_by_where_they_lead() {
    let addresses = async |guard: Guard| guard.addresses("localhost").await;
    assert!(matches!(
        addresses(guard(&[])).await,
        Err(Unresolved::Forbidden(Forbidden::NotPublic))
    ));
    let found = addresses(guard(&["localhost"])).await.unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback()) && !found.is_empty());

    let url = Url::parse("http://localhost/").unwrap();
    assert_eq!(guard(&[]).destination(&url).await, Err(Forbidden::NotPublic));
    assert_eq!(guard(&["localhost"]).destination(&url).await, Ok(()));
    let unknown = Url::parse("http://nobody.invalid/").unwrap();
    assert_eq!(guard(&[]).destination(&unknown).await, Ok(()));
}

proptest! {
    #[test]
    fn an_ipv4_address_is_public_however_it_is_written(number: u32) {
        let address = Ipv4Addr::from(number);
        let guard = Guard::default();
        for text in [
            format!("http://{address}/"),
            format!("http://{number}/"),
            format!("http://{number:#x}/"),
            format!("http://0{number:o}/"),
        ] {
            prop_assert_eq!(guard.url(&text).is_ok(), is_public(address.into()), "{}", text);
        }
        let wrapped = [
            address.to_ipv6_mapped(),
            address.to_ipv6_compatible(),
            Ipv6Addr::from((0x0064_ff9b_u128 << 96) | u128::from(number)),
            Ipv6Addr::from((0x2002_u128 << 112) | (u128::from(number) << 80)),
        ];
        for address in wrapped {
            prop_assert!(!is_public(address.into()), "{}", address);
        }
    }

    #[test]
    fn what_the_standard_library_calls_local_is_not_public(number: u128) {
        let address = Ipv6Addr::from(number);
        let local = address.is_loopback()
            || address.is_unspecified()
            || address.is_multicast()
            || address.is_unique_local()
            || address.is_unicast_link_local()
            || address.to_ipv4().is_some();
        prop_assert!(!local || !is_public(address.into()));
        let text = format!("http://[{address}]/");
        prop_assert_eq!(Guard::default().url(&text).is_ok(), is_public(address.into()));
    }

    #[test]
    fn no_text_at_all_gets_past_to_what_is_not_public(text in "\\PC{0,40}") {
        for text in [text.clone(), format!("http://{text}/")] {
            let Ok(url) = Guard::default().url(&text) else { continue };
            let public = match url.host() {
                Some(Host::Ipv4(address)) => is_public(address.into()),
                Some(Host::Ipv6(address)) => is_public(address.into()),
                Some(Host::Domain(name)) => !is_local_name(name),
                None => false,
            };
            prop_assert!(public, "{}", url);
        }
    }
}
