//! What was delivered, in few words: equal words mean the same mails to the same people.

use std::collections::HashSet;
use std::fmt;

use deprovision_core::digest::Digest;

/// How many messages, for how many people, of how many different `Message-ID`s, and a
/// digest of who got what.
pub(crate) struct Tally {
    messages: usize,
    people: usize,
    ids: usize,
    digest: Digest,
}

impl Tally {
    /// Of mails, each with whom it is for.
    pub(crate) fn of<'a>(mails: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let (mut people, mut ids, mut lines) = (HashSet::new(), HashSet::new(), Vec::new());
        for (to, mail) in mails {
            // Clients end a message with one empty line more.
            let mail = trimmed(mail);
            people.insert(to);
            ids.extend(message_id(mail));
            lines.push(format!("{to} {}\n", Digest::of_bytes(mail).to_hex()));
        }
        lines.sort_unstable();
        Self {
            messages: lines.len(),
            people: people.len(),
            ids: ids.len(),
            digest: Digest::of_bytes(lines.concat().as_bytes()),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            messages,
            people,
            ids,
            digest,
        } = self;
        write!(f, "{messages} {people} {ids} {}", digest.to_hex())
    }
}

fn trimmed(mut mail: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n'] = mail {
        mail = rest;
    }
    mail
}

fn message_id(mail: &[u8]) -> Option<&[u8]> {
    let mut lines = mail.split(|byte| *byte == b'\n');
    lines.find_map(|line| line.strip_prefix(b"Message-ID: "))
}
