//! The parts of a key's text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;

use crate::ledger::key::{KeyError, KeyName};

/// The signature type of Ed25519 in signed notes.
pub(super) const ED25519: u8 = 1;

/// The name, the hash and the 32 bytes of `name+hash+base64`.
pub(super) fn parts(text: &str) -> Result<(KeyName, &str, Zeroizing<[u8; 32]>), KeyError> {
    // Base64 may hold a +, names and hashes do not.
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let name = KeyName::parse(name)?;
    let typed = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyError::Form)?);
    let bytes = match typed.as_slice() {
        [ED25519, bytes @ ..] => bytes,
        [_other, ..] => return Err(KeyError::Algorithm),
        [] => return Err(KeyError::Form),
    };
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::Form)?;
    Ok((name, hash, Zeroizing::new(bytes)))
}
