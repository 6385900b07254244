//! What somebody got, read from their mailbox as their mail program reads it.

use deprovision_core::time::Timestamp;
use deprovision_examples::{Files, Problem};
use mail_parser::MessageParser;

/// A letter, as its reader sees it.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Its `Message-ID`: two copies have one.
    pub(crate) id: String,
    pub(crate) date: Timestamp,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Where the letters to an address are.
pub(crate) fn folder(address: &str) -> String {
    format!("mail/{address}")
}

/// The files of the letters to an address, the oldest first.
pub(crate) fn letters(files: &Files, address: &str) -> Result<Vec<String>, Problem> {
    let folder = folder(address);
    let entries = match std::fs::read_dir(files.path(&folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".eml") {
            names.push(format!("{folder}/{name}"));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// All letters to an address, the oldest first.
pub(crate) fn read(files: &Files, address: &str) -> Result<Vec<Mail>, Problem> {
    let mut mails = Vec::new();
    for name in letters(files, address)? {
        mails.push(Mail::of(&std::fs::read(files.path(&name))?)?);
    }
    Ok(mails)
}

impl Mail {
    /// Reads a letter.
    pub(crate) fn of(letter: &[u8]) -> Result<Self, Problem> {
        let unread = || "a letter that no mail program could read";
        let message = MessageParser::default().parse(letter).ok_or_else(unread)?;
        let date = message.date().ok_or_else(unread)?;
        Ok(Self {
            id: message.message_id().ok_or_else(unread)?.to_owned(),
            date: Timestamp::from_second(date.to_timestamp())?,
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.body_text(0).ok_or_else(unread)?.into_owned(),
        })
    }

    /// The link below that line.
    pub(crate) fn link(&self, label: &str) -> Option<&str> {
        let mut lines = self.text.lines().map(str::trim);
        lines.find(|line| *line == label)?;
        lines.find(|line| line.starts_with("http"))
    }
}
