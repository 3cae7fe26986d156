//! Mutual TLS between services: both sides show a certificate of one authority.
//!
//! Certificates are renewed while a service runs: the files are looked at again now and then, and
//! what they hold counts for connections that are made from then on.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use futures::{Stream, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use tonic::transport::server::TcpIncoming;

const ALPN_HTTP2: &[u8] = b"h2";
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Whoever connects and says nothing takes one of these until the time is up.
const HANDSHAKES_MAX: usize = 512;

/// Where a process finds what it proves itself with. All three files, or none: then there is no
/// TLS, which is for a single machine only.
#[derive(Clone, Debug, Default, Args)]
pub struct TlsConfig {
    /// Certificate of this process with its chain, in PEM.
    #[arg(
        long,
        env = "LINHA_TLS_CERTIFICATE",
        value_name = "LINHA_TLS_CERTIFICATE",
        requires_all = ["tls_key", "tls_ca"]
    )]
    pub tls_certificate: Option<PathBuf>,

    /// Private key of the certificate, in PEM.
    #[arg(long, env = "LINHA_TLS_KEY", value_name = "LINHA_TLS_KEY", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,

    /// Certificates of the authority that must have signed those of the others, in PEM.
    #[arg(long, env = "LINHA_TLS_CA", value_name = "LINHA_TLS_CA", requires = "tls_certificate")]
    pub tls_ca: Option<PathBuf>,
}

impl TlsConfig {
    /// What the files hold; none when none are named.
    ///
    /// # Errors
    /// When a file cannot be read, or does not hold what it should.
    pub fn load(&self) -> anyhow::Result<Option<Tls>> {
        let Self { tls_certificate: Some(certificate), tls_key: Some(key), tls_ca: Some(ca) } =
            self.clone()
        else {
            return Ok(None);
        };
        Tls::open(Files { certificate, key, ca }).map(Some)
    }
}

/// Both ends of mutual TLS. Clones share what was read.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    files: Files,
    current: Mutex<Current>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

struct Current {
    read: Pems,
    looked_at: Instant,
    ends: Ends,
}

#[derive(PartialEq, Eq)]
struct Pems {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
}

#[derive(Clone)]
struct Ends {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("certificate", &self.shared.files.certificate).finish()
    }
}

impl Tls {
    fn open(files: Files) -> anyhow::Result<Self> {
        let read = files.read()?;
        let ends = Ends::of(&read)?;
        let current = Mutex::new(Current { read, looked_at: Instant::now(), ends });
        Ok(Self { shared: Arc::new(Shared { files, current }) })
    }

    /// What counts now. What cannot be read leaves it as it was: a renewal may be half written.
    fn ends(&self) -> Ends {
        let mut current = self.current();
        if current.looked_at.elapsed() >= LOOK_AGAIN_AFTER {
            current.looked_at = Instant::now();
            if let Err(error) = self.renew(&mut current) {
                tracing::warn!(error = format!("{error:#}"), "the old certificate stays");
            }
        }
        current.ends.clone()
    }

    fn renew(&self, current: &mut Current) -> anyhow::Result<()> {
        let read = self.shared.files.read()?;
        if read != current.read {
            current.ends = Ends::of(&read)?;
            current.read = read;
            tracing::info!("the certificate was renewed");
        }
        Ok(())
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections of those who show a good certificate; the others are dropped.
    pub(crate) fn incoming(
        self,
        listener: TcpListener,
    ) -> impl Stream<Item = io::Result<server::TlsStream<TcpStream>>> {
        TcpIncoming::from(listener)
            .with_nodelay(Some(true))
            .map(move |connection| {
                let tls = self.clone();
                async move {
                    match connection {
                        Ok(connection) => tls.accept(connection).await.map(Ok),
                        Err(error) => Some(Err(error)),
                    }
                }
            })
            .buffer_unordered(HANDSHAKES_MAX)
            .filter_map(futures::future::ready)
    }

    async fn accept(&self, connection: TcpStream) -> Option<server::TlsStream<TcpStream>> {
        let handshake = TlsAcceptor::from(self.ends().server).accept(connection);
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(Ok(connection)) => Some(connection),
            Ok(Err(error)) => {
                tracing::info!(error = error.to_string(), "a connection without mutual TLS");
                None
            }
            Err(_) => None,
        }
    }

    /// Connects to a host that shows a certificate for its name.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let connection = TcpStream::connect((name.as_str(), port)).await?;
        connection.set_nodelay(true)?;
        let name = ServerName::try_from(name)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        TlsConnector::from(self.ends().client).connect(name, connection).await
    }
}

impl Files {
    fn read(&self) -> anyhow::Result<Pems> {
        let read = |variable: &'static str, path: &Path| {
            fs::read(path).with_context(|| format!("{variable} {} cannot be read", path.display()))
        };
        Ok(Pems {
            certificate: read("LINHA_TLS_CERTIFICATE", &self.certificate)?,
            key: read("LINHA_TLS_KEY", &self.key)?,
            ca: read("LINHA_TLS_CA", &self.ca)?,
        })
    }
}

impl Ends {
    fn of(pems: &Pems) -> anyhow::Result<Self> {
        let chain = certificates(&pems.certificate).context("LINHA_TLS_CERTIFICATE")?;
        let key = PrivateKeyDer::from_pem_slice(&pems.key).context("LINHA_TLS_KEY")?;
        let mut roots = RootCertStore::empty();
        for authority in certificates(&pems.ca).context("LINHA_TLS_CA")? {
            roots.add(authority).context("LINHA_TLS_CA")?;
        }
        let roots = Arc::new(roots);
        let provider = Arc::new(ring::default_provider());

        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .context("LINHA_TLS_CA")?;
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())
            .context("LINHA_TLS_CERTIFICATE and LINHA_TLS_KEY")?;
        server.alpn_protocols = vec![ALPN_HTTP2.to_vec()];

        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .context("LINHA_TLS_CERTIFICATE and LINHA_TLS_KEY")?;
        client.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        Ok(Self { server: Arc::new(server), client: Arc::new(client) })
    }
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
    anyhow::ensure!(!found.is_empty(), "holds no certificate");
    Ok(found)
}

#[cfg(test)]
mod tests;
