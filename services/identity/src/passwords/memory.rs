//! What a password is hashed in.

use anyhow::Context;
use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Memory that is used again. What the library takes for each hash itself, the allocator of the C
/// library keeps for whichever thread it was, and there are many.
#[derive(Debug)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(vec![Block::new(); params()?.block_count()]))
    }

    /// What is kept of a password, as a PHC string.
    pub(super) fn hash(&mut self, text: &str) -> anyhow::Result<String> {
        let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, params()?);
        let salt = Salt::new(&try_generate_salt()?)?;
        let kept = PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(self.output(&Argon2::new(algorithm, version, params), text, &salt)?),
        };
        Ok(kept.to_string())
    }

    /// Whether the text is the password of which this was kept, with whatever parameters.
    pub(super) fn verify(&mut self, text: &str, kept: &str) -> anyhow::Result<bool> {
        const UNREADABLE: &str = "a kept password cannot be read";
        let kept = PasswordHash::new(kept).context(UNREADABLE)?;
        let (Some(salt), Some(expected)) = (kept.salt, kept.hash) else { return Ok(false) };
        let algorithm = Algorithm::try_from(kept.algorithm.as_str()).context(UNREADABLE)?;
        let version = kept.version.map(Version::try_from).transpose().context(UNREADABLE)?;
        let params = Params::try_from(&kept).context(UNREADABLE)?;
        let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
        // The comparison takes as long wherever they differ.
        Ok(self.output(&argon2, text, &salt)? == expected)
    }

    fn output(&mut self, argon2: &Argon2<'_>, text: &str, salt: &Salt) -> anyhow::Result<Output> {
        let blocks = argon2.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        let mut output = [0; Output::MAX_LENGTH];
        let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output.get_mut(..length).context("no hash is that long")?;
        argon2.hash_password_into_with_memory(text.as_bytes(), salt, output, &mut self.0)?;
        Ok(Output::new(output)?)
    }

    /// Leaves nothing of a password.
    pub(super) fn wipe(&mut self) {
        self.0.fill(Block::new());
    }

    #[cfg(test)]
    pub(super) fn is_wiped(&self) -> bool {
        self.0.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }
}

fn params() -> anyhow::Result<Params> {
    Ok(Params::new(MEMORY_KIB, PASSES, LANES, None)?)
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

    use super::*;

    fn library(memory_kib: u32, passes: u32, lanes: u32, length: Option<usize>) -> Argon2<'static> {
        let params = Params::new(memory_kib, passes, lanes, length).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }

    #[test]
    fn what_was_kept_before_is_known_still() {
        let mut memory = Memory::new().unwrap();
        let kept = "$argon2id$v=19$m=19456,t=2,p=1$XxZyAl8DWaB+lw9MU1PtSA\
                    $3/aXrkzUGtI/jwxwxrNRFMXmi17RX0dRLSQ/3jWyyZw";
        assert!(memory.verify("correct horse", kept).unwrap());
        assert!(!memory.verify("wrong horse", kept).unwrap());
    }

    #[test]
    fn whatever_parameters_a_password_was_hashed_with_it_is_known() {
        let mut memory = Memory::new().unwrap();
        let used_before = library(MEMORY_KIB, PASSES, LANES, None);
        let others = [library(64, 1, 2, Some(16)), library(2 * MEMORY_KIB, 1, 1, Some(64))];
        for argon2 in [&used_before, &others[0], &others[1], &used_before] {
            let kept = argon2.hash_password(b"correct horse").unwrap().to_string();
            assert!(memory.verify("correct horse", &kept).unwrap(), "{kept}");
            assert!(!memory.verify("wrong horse", &kept).unwrap(), "{kept}");
        }
    }

    #[test]
    fn the_library_knows_what_is_kept() {
        let mut memory = Memory::new().unwrap();
        let kept = memory.hash("correct horse").unwrap();
        let library = Argon2::default();
        assert_eq!(library.verify_password(b"correct horse", kept.as_str()), Ok(()));
        assert!(library.verify_password(b"wrong horse", kept.as_str()).is_err());
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }

    #[test]
    fn what_is_no_hash_is_a_fault_and_not_a_wrong_password() {
        let mut memory = Memory::new().unwrap();
        assert!(memory.verify("x", "x").is_err());
        assert!(memory.verify("x", "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g").is_err());
    }

    #[test]
    fn nothing_of_a_password_stays() {
        let mut memory = Memory::new().unwrap();
        memory.hash("correct horse").unwrap();
        assert!(!memory.is_wiped());
        memory.wipe();
        assert!(memory.is_wiped());
    }
}
