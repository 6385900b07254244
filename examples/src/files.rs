//! Where everything is.

use std::path::{Path, PathBuf};

use deprovision_core::ledger::{KeyName, SigningKey};

use crate::Problem;

/// The files of a program below one directory.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// The files below that directory.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One file or directory in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file as text; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and can not be read.
    pub fn read(&self, name: &str) -> std::io::Result<Option<String>> {
        match std::fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file whole: a process that is killed leaves the old or the new one.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> std::io::Result<()> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, text.as_ref())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// 32 random bytes in hexadecimal, made once and kept.
    ///
    /// # Errors
    /// When the file can not be read or written, or the system gives no randomness.
    pub fn random_hex(&self, name: &str) -> Result<String, Problem> {
        if let Some(text) = self.read(name)? {
            return Ok(text.trim().to_owned());
        }
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes)?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.write(name, &text)?;
        Ok(text)
    }

    /// What signs checkpoints and the certificate: made once and kept.
    ///
    /// # Errors
    /// When the file of the key is broken, or the name can not be one.
    pub fn signing_key(&self, key_name: &str) -> Result<SigningKey, Problem> {
        let seed = self.random_hex("signing-key")?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(seed.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
        }
        Ok(SigningKey::from_seed(KeyName::parse(key_name)?, &bytes))
    }
}
