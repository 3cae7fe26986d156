//! The secrets of one installation: made at its first start, kept beside its data.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use chassis::crypto::Keyring;
use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};

/// Nobody types these: they are between the launcher's parts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// What services and gateway prove themselves with at identity.
    pub(crate) service: String,
    /// Password of the services' database roles.
    pub(crate) database: String,
    /// Keys that personal data is sealed with.
    pub(crate) keyring: String,
}

impl Secrets {
    fn random() -> Self {
        Self { service: random(), database: random(), keyring: Keyring::random_text() }
    }

    /// The secrets of the installation in `directory`; new ones at its first start.
    pub(crate) fn of(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("secrets.json");
        if let Ok(text) = fs::read_to_string(&path) {
            return serde_json::from_str(&text)
                .with_context(|| format!("{} cannot be read", path.display()));
        }
        let secrets = Self::random();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        file.sync_all()?;
        Ok(secrets)
    }
}

fn random() -> String {
    rand::rng().sample_iter(Alphanumeric).take(40).map(char::from).collect()
}
