//! Checksums as S3 writes them.

use aws_smithy_types::base64;
use deprovision_core::digest::Digest;

/// A checksum that S3 verifies before it stores anything, in base64 as S3 writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// Of an object in one piece.
    Sha256(String),
    /// Of an object or a part: cheap, and of the whole object even in parts.
    Crc64(String),
}

impl Checksum {
    pub(crate) fn sha256(digest: &Digest) -> Self {
        Self::Sha256(base64::encode(digest.as_bytes()))
    }

    pub(crate) fn crc64(value: u64) -> Self {
        Self::Crc64(base64::encode(value.to_be_bytes()))
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Sha256(text) | Self::Crc64(text) => text,
        }
    }
}
