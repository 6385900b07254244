//! Mails in a file: a line that says for whom and how long, then the mail.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use deprovision_core::time::Clock as _;
use deprovision_notify::Letter;

use crate::Failure;
use crate::notice::{notice, writer, written_at};
use crate::tally::Tally;

/// Writes the mails of all people.
pub(crate) fn write(people: usize, file: &Path) -> Result<Tally, Failure> {
    let (writer, now) = (writer()?, written_at()?.now());
    let mut out = BufWriter::new(File::create(file)?);
    let mut mails = Vec::with_capacity(people);
    for number in 0..people {
        let mail = writer.write(&Letter::of(vec![notice(number)?])?, now)?;
        writeln!(out, "{} {}", mail.to(), mail.bytes().len())?;
        out.write_all(mail.bytes())?;
        mails.push((mail.to().to_owned(), mail.bytes().to_vec()));
    }
    out.flush()?;
    let mails = mails
        .iter()
        .map(|(to, mail)| (to.as_str(), mail.as_slice()));
    Ok(Tally::of(mails))
}

/// The mails of such a file, one after the other.
pub(crate) struct Written(BufReader<File>);

impl Written {
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        let file = File::open(file)?;
        Ok(Self(BufReader::with_capacity(256 * 1024, file)))
    }

    /// For whom the next one is, and what it is.
    pub(crate) fn next(&mut self) -> Result<Option<(String, Vec<u8>)>, Failure> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let (to, length) = line
            .trim_end()
            .split_once(' ')
            .ok_or("it is no such file")?;
        let mut mail = vec![0; length.parse()?];
        self.0.read_exact(&mut mail)?;
        Ok(Some((to.to_owned(), mail)))
    }
}
