//! Checkpoints: so many entries, this root, signed (<https://c2sp.org/tlog-checkpoint>).

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Digest;
use crate::id::RetirementId;
use crate::journal::Entry;
use crate::ledger::{KeyName, NoteError, SignedNote, SigningKey, Tampering, VerifierKey, verify};

/// Why a text is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note around it is malformed, or signed by nobody who is known.
    #[error("the checkpoint's note is not to be believed")]
    Note(#[from] NoteError),
    /// The text in the note is no checkpoint.
    #[error("not a checkpoint: line {line}: {why}")]
    Malformed {
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
}

/// What a stream looked like when it had `size` entries. An old checkpoint stays
/// true for ever: whatever is appended later, the first `size` entries keep `root`.
///
/// ```
/// use deprovision_core::ledger::Checkpoint;
/// let text = "example.com/ledger/orders-v1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
/// let checkpoint: Checkpoint = text.parse()?;
/// assert_eq!(checkpoint.size, 0);
/// assert_eq!(checkpoint.text(), text);
/// # Ok::<(), deprovision_core::ledger::CheckpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Which log: see [`Checkpoint::origin_of`].
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the Merkle tree over them.
    pub root: Digest,
    /// Lines that others may add. Ours have none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The first line of a stream's checkpoints: the name of the key that signs
    /// them, a slash, and the stream's name. Each stream is a log of its own.
    #[must_use]
    pub fn origin_of(log: &KeyName, stream: &RetirementId) -> String {
        format!("{log}/{stream}")
    }

    /// The checkpoint of a stream with so many entries under this root. To make
    /// one from entries that are checked first, use [`sign_checkpoint`].
    #[must_use]
    pub fn new(log: &KeyName, stream: &RetirementId, size: u64, root: Digest) -> Self {
        Self {
            origin: Self::origin_of(log, stream),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.size);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the checkpoint in a note without believing it: for stores, which
    /// hold no keys.
    ///
    /// # Errors
    /// [`CheckpointError`] when it is none.
    pub fn from_note_unverified(note: &str) -> Result<Self, CheckpointError> {
        note.parse::<SignedNote>()?.text().parse()
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let bad = |line, why| CheckpointError::Malformed { line, why };
        let body = text
            .strip_suffix('\n')
            .ok_or(bad(1, "the text does not end with a line break"))?;
        let mut lines = body.split('\n');
        let mut line = |number, why| {
            lines
                .next()
                .filter(|line| !line.is_empty())
                .ok_or(bad(number, why))
        };
        let origin = line(1, "the origin is missing")?;
        let size = line(2, "the number of entries is missing")?;
        let root = line(3, "the root is missing")?;
        let mut extensions = Vec::new();
        for (number, extension) in (4..).zip(lines) {
            if extension.is_empty() {
                return Err(bad(number, "it is empty"));
            }
            extensions.push(extension.to_owned());
        }
        let plain =
            size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let root = STANDARD.decode(root).ok();
        Ok(Self {
            origin: origin.to_owned(),
            size: size
                .parse()
                .ok()
                .filter(|_| plain)
                .ok_or(bad(2, "it is no decimal number without leading zeros"))?,
            root: root
                .and_then(|root| <[u8; 32]>::try_from(root).ok())
                .map(Digest::from_bytes)
                .ok_or(bad(3, "it is not the base64 of 32 bytes"))?,
            extensions,
        })
    }
}

/// Why a checkpoint was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignCheckpointError {
    /// The entries are damaged, or do not continue what was signed before. A log
    /// that signed both would vouch for two histories.
    #[error("nothing was signed: the log can not be vouched for; find out who changed it")]
    Tampered(#[from] Tampering),
    /// The checkpoint's text can not be a note.
    #[error("nothing was signed")]
    Note(#[from] NoteError),
}

/// Checks all entries of a stream, from the first, and that they continue the
/// latest checkpoint; then signs a checkpoint of them. `known` are the keys that
/// the latest one may be signed with (after a change of keys the old one, too).
///
/// # Errors
/// [`SignCheckpointError`]; nothing is signed then.
pub fn sign_checkpoint(
    stream: &RetirementId,
    entries: &[Entry],
    latest: Option<&str>,
    known: &[VerifierKey],
    key: &SigningKey,
) -> Result<SignedNote, SignCheckpointError> {
    let mut keys = known.to_vec();
    keys.push(key.verifier().clone());
    let notes: Vec<&str> = latest.into_iter().collect();
    let seen = verify(stream, entries, &notes, &keys)?;
    let checkpoint = Checkpoint::new(key.name(), stream, seen.size, seen.root);
    Ok(SignedNote::sign(checkpoint.text(), key)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.text(), text);
        let note = format!(
            "{text}\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        );
        assert_eq!(Checkpoint::from_note_unverified(&note), Ok(checkpoint));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_with_its_line() {
        for (text, at) in [
            (String::new(), 1),
            ("x".into(), 1),
            (format!("\n1\n{ROOT}\n"), 1),
            ("x\n".into(), 2),
            (format!("x\n01\n{ROOT}\n"), 2),
            (format!("x\n+1\n{ROOT}\n"), 2),
            (format!("x\n-1\n{ROOT}\n"), 2),
            (format!("x\n 1\n{ROOT}\n"), 2),
            (format!("x\n18446744073709551616\n{ROOT}\n"), 2),
            ("x\n1\n".into(), 3),
            ("x\n1\nAAAA\n".into(), 3),
            (format!("x\n1\n{}\n", ROOT.trim_end_matches('=')), 3),
            (format!("x\n1\n{}\n", ROOT.replace("q2I=", "q2J=")), 3),
            (format!("x\n1\n{ROOT}\n\n"), 4),
            (format!("x\n1\n{ROOT}\nmore\n\n"), 5),
        ] {
            match text.parse::<Checkpoint>() {
                Err(CheckpointError::Malformed { line, .. }) => assert_eq!(line, at, "{text:?}"),
                other => panic!("{text:?} gives {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_printed_as_it_was_read(
            text in "(.|\n){0,60}|[a-z]{1,5}\n[0-9]{1,21}\n[A-Za-z0-9+/]{43}=\n([a-z]*\n){0,2}",
        ) {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.text(), text);
            }
        }
    }
}
