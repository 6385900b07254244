//! Reading, signing and verifying a note.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ledger::{KeyId, KeyName, SigningKey, VerifierKey};

/// The longest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// The most signatures that are read in one note.
const MAX_SIGNATURES: usize = 100;

/// What every signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Why a text is no note, or a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The text is no signed note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// The text can not be signed.
    #[error("this text can not be signed as a note: {0}")]
    Unsignable(&'static str),
    /// Nobody whose key was given signed it.
    #[error("no key that was given signed the note; it carries signatures of {}", names(.signers))]
    UnknownKeys {
        /// Who claims to have signed it, as `name+id`.
        signers: Vec<String>,
    },
    /// A signature claims to be of a known key, and is not.
    #[error("the signature of {key} is not one of that key: the note or the signature was changed")]
    Forged {
        /// Whose signature it claims to be, as `name+id`.
        key: String,
    },
}

fn names(signers: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = signers
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if signers.len() > SHOWN {
        text.push_str(" and others");
    }
    text
}

/// One signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoteSignature {
    /// The name of the key that it claims.
    pub name: KeyName,
    /// The id of the key that it claims.
    pub key: KeyId,
    /// The signature, in whatever form that key has.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    fn claims(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.key == key.id()
    }

    fn signer(&self) -> String {
        format!("{}+{}", self.name, self.key)
    }
}

/// A text with signatures. Parsing checks the form only: believe the text after
/// [`SignedNote::verify`].
///
/// ```
/// use deprovision_core::ledger::{SignedNote, VerifierKey};
/// let note: SignedNote = "This is an example message.\n\n\
///     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
///     .parse()?;
/// let key: VerifierKey =
///     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse()?;
/// assert_eq!(note.verify(std::slice::from_ref(&key))?, [&key]);
/// assert_eq!(note.text(), "This is an example message.\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Signs a text, which has to end with a line break.
    ///
    /// # Errors
    /// [`NoteError::Unsignable`] when the text does not end with a line break,
    /// holds a control character, or could be taken for a DSSE envelope's
    /// content, which the same key signs.
    pub fn sign(text: impl Into<String>, key: &SigningKey) -> Result<Self, NoteError> {
        let text = text.into();
        if !text.ends_with('\n') {
            return Err(NoteError::Unsignable("it does not end with a line break"));
        }
        if has_control(&text) {
            return Err(NoteError::Unsignable("it holds a control character"));
        }
        if text.len() > MAX_NOTE_BYTES / 2 {
            return Err(NoteError::Unsignable("it is longer than 500,000 bytes"));
        }
        if text.starts_with("DSSEv1 ") {
            return Err(NoteError::Unsignable("it begins as a DSSE envelope does"));
        }
        let mut note = Self {
            text,
            signatures: Vec::new(),
        };
        note.add_signature(key);
        Ok(note)
    }

    /// Puts one more signature under the text, or replaces the one of this key.
    pub fn add_signature(&mut self, key: &SigningKey) {
        self.signatures.retain(|line| !line.claims(key.verifier()));
        self.signatures.push(NoteSignature {
            name: key.name().clone(),
            key: key.verifier().id(),
            signature: key.sign(self.text.as_bytes()).to_vec(),
        });
    }

    /// The text, with its last line break. Not to be believed before [`verify`](Self::verify).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, known or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Gives the keys, out of those given, that signed the text: at least one.
    /// Signatures of other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::UnknownKeys`] when there is no signature of a given key, and
    /// [`NoteError::Forged`] when one that claims to be is not.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let mut known = keys.iter().filter(|key| line.claims(key)).peekable();
            if known.peek().is_none() {
                continue;
            }
            match known.find(|key| key.has_signed(self.text.as_bytes(), &line.signature)) {
                Some(key) if !signers.contains(&key) => signers.push(key),
                Some(_counted) => {}
                None => {
                    return Err(NoteError::Forged { key: line.signer() });
                }
            }
        }
        if signers.is_empty() {
            let signers = self.signatures.iter().map(NoteSignature::signer).collect();
            return Err(NoteError::UnknownKeys { signers });
        }
        Ok(signers)
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        if note.len() > MAX_NOTE_BYTES {
            return Err(bad("it is longer than 1,000,000 bytes"));
        }
        if has_control(note) {
            return Err(bad("it holds a control character"));
        }
        let (text, lines) = note
            .rsplit_once("\n\n")
            .ok_or(bad("no empty line before the signatures"))?;
        let lines = lines
            .strip_suffix('\n')
            .ok_or(bad("no signature, or no line break at the end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(bad("more than 100 signatures"));
            }
            signatures.push(signature_line(line)?);
        }
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }
}

fn signature_line(line: &str) -> Result<NoteSignature, NoteError> {
    let bad = NoteError::Malformed;
    let (name, encoded) = line
        .strip_prefix(DASH)
        .and_then(|rest| rest.split_once(' '))
        .ok_or(bad(
            "a signature line is an em dash, a name and base64, with single spaces",
        ))?;
    let name = KeyName::parse(name).map_err(|_| bad("a key's name that is none"))?;
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| bad("a signature that is not base64"))?;
    match bytes.as_slice() {
        [a, b, c, d, signature @ ..] if !signature.is_empty() => Ok(NoteSignature {
            name,
            key: KeyId([*a, *b, *c, *d]),
            signature: signature.to_vec(),
        }),
        _too_short => Err(bad("a signature that is too short")),
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let bytes = [&line.key.0, line.signature.as_slice()].concat();
            writeln!(f, "{DASH}{} {}", line.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

/// Notes hold no ASCII control characters but line breaks.
fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b < b' ' && b != b'\n')
}
