//! What is left in the directory for others to read and check.

use deprovision_core::engine::Engine;
use deprovision_core::id::RetirementId;
use deprovision_core::journal::Entry;
use deprovision_core::ledger::{CheckpointStore, EventsWriter};
use deprovision_core::report::{ReportSource, html};
use deprovision_core::time::Clock;
use deprovision_examples::shop::{Problem, Shop};

/// Writes everything; gives what there is, a line each.
pub(crate) async fn write(
    shop: &Shop,
    engine: &Engine,
    id: &RetirementId,
    checkpoints: &dyn CheckpointStore,
) -> Result<Vec<String>, Problem> {
    let entries = engine.entries(id).await?;
    let files = &shop.files;
    let mut written = vec![
        "catalog.yaml, policy.toml: what went in".to_owned(),
        "outbox/: the notices, as letters".to_owned(),
        "repos/: the changes, merged".to_owned(),
        "journal.redb: the log itself; checkpoints/: what vouches for it".to_owned(),
    ];
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
        files.write("certificate.json", engine.certificate(id).await?.to_json()?)?;
        written.push(
            "certificate.json: an in-toto statement about events.jsonl, signed (DSSE)".into(),
        );
    } else {
        written.push(format!("events.jsonl: the {size} events, a line each"));
    }
    files.write("verifier-key.txt", shop.signer()?.verifier().to_string())?;
    written.push("verifier-key.txt: the public key".to_owned());
    let keys = [shop.signer()?.verifier().clone()];
    let note = checkpoints.latest(id).await?;
    let mut report = ReportSource::new(&entries, shop.clock.now()).trusting(&keys);
    if let Some(note) = &note {
        report = report.with_checkpoint(note);
    }
    files.write("report.html", html(&report)?)?;
    written.push("report.html: all of it on one page".to_owned());
    let timeline: Vec<String> = engine
        .timeline(id)
        .await?
        .iter()
        .map(|line| format!("{:>4}  {}  {}", line.version, line.at, line.what))
        .collect();
    files.write("timeline.txt", timeline.join("\n") + "\n")?;
    written.push("timeline.txt: every event as a sentence".to_owned());
    Ok(written)
}

fn lines(entries: &[Entry]) -> Result<Vec<u8>, Problem> {
    let mut writer = EventsWriter::new("events.jsonl", Vec::new());
    for entry in entries {
        writer.write(entry)?;
    }
    Ok(writer.finish()?)
}
