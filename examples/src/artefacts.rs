//! What a retirement leaves in a directory for others to read and check.

use deprovision_core::engine::Engine;
use deprovision_core::id::RetirementId;
use deprovision_core::journal::Entry;
use deprovision_core::ledger::{CheckpointStore, EventsWriter, VerifierKey};
use deprovision_core::report::{ReportSource, html};
use deprovision_core::time::Timestamp;

use crate::{Files, Problem};

/// A retirement, and where what it leaves is written.
#[derive(Debug, Clone, Copy)]
pub struct Artefacts<'a> {
    /// The directory.
    pub files: &'a Files,
    /// What drives the retirement.
    pub engine: &'a Engine,
    /// Which retirement.
    pub id: &'a RetirementId,
    /// Where the signed checkpoints are.
    pub checkpoints: &'a dyn CheckpointStore,
    /// Whose signature is on them.
    pub verifier: &'a VerifierKey,
    /// Now.
    pub now: Timestamp,
}

impl Artefacts<'_> {
    /// Writes everything; gives what there is, a line each.
    ///
    /// # Errors
    /// When the log can not be read or a file not be written.
    pub async fn write(&self) -> Result<Vec<String>, Problem> {
        let entries = self.engine.entries(self.id).await?;
        let files = self.files;
        let mut written =
            vec!["journal.redb: the log itself; checkpoints/: what vouches for it".to_owned()];
        // The certificate speaks of the log as it was when it was signed.
        let certified = entries.iter().position(|entry| entry.kind == "certified");
        let size = certified.unwrap_or(entries.len());
        files.write(
            "events.jsonl",
            lines(entries.get(..size).unwrap_or(&entries))?,
        )?;
        if certified.is_some() {
            files.write("events-and-watch.jsonl", lines(&entries)?)?;
            written.push(format!(
                "events.jsonl: the {size} events that the certificate speaks of, a line each"
            ));
            written.push(format!(
                "events-and-watch.jsonl: all {}, with those of the watch after it",
                entries.len()
            ));
            let certificate = self.engine.certificate(self.id).await?;
            files.write("certificate.json", certificate.to_json()?)?;
            written.push(
                "certificate.json: an in-toto statement about events.jsonl, signed (DSSE)".into(),
            );
        } else {
            written.push(format!("events.jsonl: the {size} events, a line each"));
        }
        files.write("verifier-key.txt", self.verifier.to_string())?;
        written.push("verifier-key.txt: the public key".to_owned());
        let keys = [self.verifier.clone()];
        let note = self.checkpoints.latest(self.id).await?;
        let mut report = ReportSource::new(&entries, self.now).trusting(&keys);
        if let Some(note) = &note {
            report = report.with_checkpoint(note);
        }
        files.write("report.html", html(&report)?)?;
        written.push("report.html: all of it on one page".to_owned());
        let timeline: Vec<String> = self
            .engine
            .timeline(self.id)
            .await?
            .iter()
            .map(|line| format!("{:>4}  {}  {}", line.version, line.at, line.what))
            .collect();
        files.write("timeline.txt", timeline.join("\n") + "\n")?;
        written.push("timeline.txt: every event as a sentence".to_owned());
        Ok(written)
    }
}

fn lines(entries: &[Entry]) -> Result<Vec<u8>, Problem> {
    let mut writer = EventsWriter::new("events.jsonl", Vec::new());
    for entry in entries {
        writer.write(entry)?;
    }
    Ok(writer.finish()?)
}
