//! The directory of a server's files, and what is in it from the beginning.

use std::{
    env,
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use rand::{Rng, distr::Alphanumeric};

use super::SUPERUSER;
use crate::{Binaries, Context, Error, account::Account};

/// Makes or finds the directory of the server's files, and returns its real path.
pub(super) fn make_home(link: &Path, account: Account, throwaway: bool) -> Result<PathBuf, Error> {
    let cannot = |path: &Path| format!("cannot make {}", path.display());
    if let Ok(home) = link.canonicalize() {
        return Ok(home);
    }
    // What a link led to may be gone.
    let _ = fs::remove_file(link);
    let parent = link.parent().unwrap_or(Path::new("/"));
    let home = if account.can_enter(parent) {
        link.to_owned()
    } else {
        let elsewhere = match throwaway {
            true if account.can_enter(&env::temp_dir()) => env::temp_dir(),
            true => PathBuf::from("/tmp"),
            false => PathBuf::from("/var/lib/linha"),
        };
        if !elsewhere.is_dir() {
            fs::create_dir_all(&elsewhere).context(|| cannot(&elsewhere))?;
        }
        let home = elsewhere.join(format!("linha-postgres-{}", random(12)));
        symlink(&home, link).context(|| cannot(link))?;
        home
    };
    fs::create_dir(&home).context(|| cannot(&home))?;
    fs::set_permissions(&home, Permissions::from_mode(0o700)).context(|| cannot(&home))?;
    account.own(&home)?;
    home.canonicalize().context(|| cannot(&home))
}

pub(super) async fn initdb(
    binaries: &Binaries,
    account: Account,
    home: &Path,
    throwaway: bool,
) -> Result<String, Error> {
    // An attempt that was cut short leaves files, which initdb refuses to touch.
    let data = home.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).context(|| format!("cannot remove {}", data.display()))?;
    }
    let password = random(32);
    let password_file = write_password(home, account, &password)?;

    let mut command = account.command(&binaries.initdb());
    command
        .args(["--encoding=UTF8", "--auth=scram-sha-256", "--username", SUPERUSER])
        .args(locale(binaries.major()))
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(&data)
        .current_dir("/");
    if throwaway {
        command.arg("--no-sync");
    }
    complete("initdb", command).await?;
    Ok(password)
}

pub(super) fn write_password(
    home: &Path,
    account: Account,
    password: &str,
) -> Result<PathBuf, Error> {
    let path = home.join("password");
    let _ = fs::remove_file(&path);
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(password.as_bytes()))
        .context(|| format!("cannot write {}", path.display()))?;
    account.own(&path)?;
    Ok(path)
}

pub(super) fn read_password(home: &Path) -> Result<String, Error> {
    let path = home.join("password");
    fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))
}

/// Runs a program that ends by itself.
pub(super) async fn complete(program: &'static str, mut command: Command) -> Result<(), Error> {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.map_err(io::Error::other).flatten();
    let output = output.context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        let log = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Program { program, outcome: output.status.to_string(), log });
    }
    Ok(())
}

/// Compares bytes, which is fast and never changes with the system's library, but knows upper and
/// lower case beyond ASCII.
fn locale(major: u32) -> &'static [&'static str] {
    if major >= 17 {
        &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    } else if cfg!(target_os = "macos") {
        &["--locale=C", "--lc-ctype=en_US.UTF-8"]
    } else {
        &["--locale=C", "--lc-ctype=C.UTF-8"]
    }
}

pub(crate) fn random(length: usize) -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    letters.map(|letter| letter.to_ascii_lowercase()).take(length).collect()
}
