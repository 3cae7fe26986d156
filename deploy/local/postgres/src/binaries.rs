//! Finding the programs of an installed Postgres.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Error, download};

/// The programs of one installed Postgres.
#[derive(Clone, Debug)]
pub struct Binaries {
    directory: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the best Postgres of this machine, or the one of the major version that existing data
    /// needs. If there is none, downloads a copy. `LINHA_PG_BIN` overrules everything.
    pub async fn find(wanted: Option<u32>) -> Result<Self, Error> {
        let usable = |found: &Self| wanted.is_none_or(|major| major == found.major);
        if let Some(directory) = env::var_os("LINHA_PG_BIN").map(PathBuf::from) {
            let given = Self::in_directory(&directory).ok_or(Error::NotBinaries(directory))?;
            if !usable(&given) {
                let wanted = wanted.unwrap_or_default();
                let cause = format!("the data is of {wanted}, LINHA_PG_BIN is {}", given.major);
                return Err(Error::NotFound { cause });
            }
            return Ok(given);
        }
        let installed = candidates()
            .into_iter()
            .find_map(|directory| Self::in_directory(&directory).filter(usable));
        match installed {
            Some(installed) => Ok(installed),
            None => {
                let directory = download::private_copy(wanted).await?.join("bin");
                Self::in_directory(&directory).ok_or(Error::NotBinaries(directory))
            }
        }
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(crate) fn pg_basebackup(&self) -> PathBuf {
        self.directory.join("pg_basebackup")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let version = output(&directory.join("postgres"), "--version")?;
        Some(Self { directory: directory.to_owned(), major: major(&version)? })
    }
}

/// Where Postgres may be, best first.
fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    found.extend(output(Path::new("pg_config"), "--bindir").map(PathBuf::from));
    found.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    found.extend(versions("/usr/lib/postgresql", "", "bin"));
    found.extend(versions("/opt/homebrew/opt", "postgresql@", "bin"));
    found.extend(versions("/usr/local/opt", "postgresql@", "bin"));
    // Fedora and its family, and the official packages for it.
    found.extend(versions("/usr", "pgsql-", "bin"));
    found
}

/// `<parent>/<prefix><version>/<leaf>`, the highest version first.
fn versions(parent: &str, prefix: &str, leaf: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(leaf)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

fn output(program: &Path, argument: &str) -> Option<String> {
    let output =
        Command::new(program).arg(argument).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` is 15, `… 18beta1` is 18.
fn major(version: &str) -> Option<u32> {
    let number = version.strip_prefix("postgres (PostgreSQL) ")?;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(major("mysql 8"), None);
    }

    #[test]
    fn the_highest_version_comes_first() {
        let parent = tempfile::tempdir().unwrap();
        for version in ["pg9", "pg15", "pg17", "other"] {
            fs::create_dir(parent.path().join(version)).unwrap();
        }
        let found = versions(parent.path().to_str().unwrap(), "pg", "bin");
        let expected = ["pg17/bin", "pg15/bin", "pg9/bin"].map(|path| parent.path().join(path));
        assert_eq!(found, expected);
    }
}
