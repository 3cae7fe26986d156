use std::net::SocketAddr;

use clap::Parser;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn write(&self, directory: &Path, host: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(directory.join("tls.crt"), certificate.pem()).unwrap();
        fs::write(directory.join("tls.key"), key.serialize_pem()).unwrap();
        fs::write(directory.join("ca.crt"), &self.pem).unwrap();
    }

    fn tls(&self, host: &str) -> (Tls, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        self.write(directory.path(), host);
        (config(directory.path()).load().unwrap().unwrap(), directory)
    }
}

fn config(directory: &Path) -> TlsConfig {
    TlsConfig {
        tls_certificate: Some(directory.join("tls.crt")),
        tls_key: Some(directory.join("tls.key")),
        tls_ca: Some(directory.join("ca.crt")),
    }
}

/// Says "hello" to everybody who is let in.
async fn serve(tls: Tls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut incoming = std::pin::pin!(tls.incoming(listener));
        while let Some(Ok(mut connection)) = incoming.next().await {
            let _ = connection.write_all(b"hello").await;
        }
    });
    address
}

async fn greeting(tls: &Tls, address: SocketAddr) -> io::Result<[u8; 5]> {
    let mut connection = tls.connect("127.0.0.1", address.port()).await?;
    let mut heard = [0; 5];
    connection.read_exact(&mut heard).await?;
    Ok(heard)
}

#[tokio::test]
async fn those_of_one_authority_understand_each_other() {
    let authority = Authority::new();
    let (server, _kept) = authority.tls("127.0.0.1");
    let (client, _kept) = authority.tls("gateway");
    let address = serve(server).await;
    assert_eq!(&greeting(&client, address).await.unwrap(), b"hello");
}

#[tokio::test]
async fn without_a_certificate_nobody_is_heard() {
    let authority = Authority::new();
    let (server, _kept) = authority.tls("127.0.0.1");
    let address = serve(server).await;

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    let _ = plain.read_to_end(&mut heard).await;
    assert!(!heard.windows(5).any(|part| part == b"hello"));

    // One who trusts the server but shows nothing.
    let mut roots = RootCertStore::empty();
    roots.add(certificates(authority.pem.as_bytes()).unwrap().remove(0)).unwrap();
    let shy = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let shy = TlsConnector::from(Arc::new(shy)).connect(name, connection).await;
    // The client learns of the refusal at the latest when it reads.
    if let Ok(mut connection) = shy {
        assert!(connection.read_exact(&mut [0; 5]).await.is_err());
    }

    let (stranger, _kept) = Authority::new().tls("127.0.0.1");
    assert!(greeting(&stranger, address).await.is_err(), "of another authority");
    let (client, _kept) = authority.tls("gateway");
    assert!(greeting(&client, address).await.is_ok(), "the others did no harm");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_believed() {
    let authority = Authority::new();
    let (server, _kept) = authority.tls("telecom");
    let (client, _kept) = authority.tls("gateway");
    let address = serve(server).await;
    assert!(greeting(&client, address).await.is_err());
}

#[test]
fn a_renewal_counts_and_half_a_renewal_does_not() {
    let authority = Authority::new();
    let (tls, directory) = authority.tls("telecom");
    let before = tls.ends();

    authority.write(directory.path(), "telecom");
    tls.renew(&mut tls.current()).unwrap();
    let renewed = tls.ends();
    assert!(!Arc::ptr_eq(&before.server, &renewed.server));

    fs::write(directory.path().join("tls.key"), "half a key").unwrap();
    assert!(tls.renew(&mut tls.current()).is_err());
    assert!(Arc::ptr_eq(&renewed.server, &tls.ends().server));
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    tls: TlsConfig,
}

#[test]
fn all_files_or_none() {
    assert!(Command::parse_from(["test"]).tls.load().unwrap().is_none());
    for arguments in [
        &["test", "--tls-certificate=a"][..],
        &["test", "--tls-key=a"],
        &["test", "--tls-certificate=a", "--tls-ca=b"],
    ] {
        assert!(Command::try_parse_from(arguments).is_err(), "{arguments:?}");
    }
    let missing = config(Path::new("/nowhere")).load().unwrap_err();
    assert!(format!("{missing:#}").contains("LINHA_TLS_CERTIFICATE"), "{missing:#}");
}
