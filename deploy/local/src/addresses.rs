//! Where everything listens.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Context;
use chassis::config::Peers;
use chassis::tls::TlsConfig;
use http::Uri;
use tokio::net::TcpListener;

use crate::options::Options;
use crate::process::Part;

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Base URL of the REST gateway, without a slash at the end.
    pub gateway: String,
    /// gRPC address of each service.
    pub grpc: BTreeMap<Part, SocketAddr>,
    /// Address of metrics and health of each part.
    pub admin: BTreeMap<Part, SocketAddr>,
    /// Superuser URL of the database.
    pub postgres: String,
}

/// A part's sockets: its own, and that of its metrics and health.
pub(crate) struct Sockets {
    pub(crate) part: Part,
    pub(crate) listener: TcpListener,
    pub(crate) admin: TcpListener,
}

/// Binds the sockets of all parts before any is started, so that none is refused by another.
pub(crate) async fn bind(options: &Options) -> anyhow::Result<Vec<Sockets>> {
    let mut bound = Vec::new();
    for part in Part::ALL {
        let (port, admin_port) = match (options.ephemeral, part) {
            (true, _) => (0, 0),
            (false, Part::Gateway) => (options.gateway_port, part.admin_port()),
            (false, service) => (service.port(), service.admin_port()),
        };
        bound.push(Sockets {
            part,
            listener: listen(part, port).await?,
            admin: listen(part, admin_port).await?,
        });
    }
    Ok(bound)
}

async fn listen(part: Part, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| {
        format!("{part} cannot listen on 127.0.0.1:{port}; is Linha running already?")
    })
}

impl Addresses {
    pub(crate) fn of(sockets: &[Sockets], postgres: String) -> anyhow::Result<Self> {
        let (mut grpc, mut admin, mut gateway) = (BTreeMap::new(), BTreeMap::new(), String::new());
        for socket in sockets {
            let address = socket.listener.local_addr()?;
            admin.insert(socket.part, socket.admin.local_addr()?);
            if socket.part == Part::Gateway {
                gateway = format!("http://{address}");
            } else {
                grpc.insert(socket.part, address);
            }
        }
        Ok(Self { gateway, grpc, admin, postgres })
    }

    pub(crate) fn peers(&self) -> anyhow::Result<Peers> {
        Ok(Peers {
            identity_url: self.grpc_uri(Part::Identity)?,
            telecom_url: self.grpc_uri(Part::Telecom)?,
            company_url: self.grpc_uri(Part::Company)?,
            billing_url: self.grpc_uri(Part::Billing)?,
            tls: TlsConfig::default(),
        })
    }

    /// Where a part listens.
    pub(crate) fn of_part(&self, part: Part) -> anyhow::Result<SocketAddr> {
        match self.grpc.get(&part) {
            Some(address) => Ok(*address),
            None => Ok(self.gateway.trim_start_matches("http://").parse()?),
        }
    }

    pub(crate) fn grpc_uri(&self, service: Part) -> anyhow::Result<Uri> {
        let address = self.grpc.get(&service).with_context(|| format!("{service} has no gRPC"))?;
        Ok(format!("http://{address}").parse()?)
    }
}
