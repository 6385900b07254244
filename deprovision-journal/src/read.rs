//! Reading: nothing leaves here that was not checked.

use deprovision_core::id::RetirementId;
use deprovision_core::journal::{Entry, StreamInfo, Version};
use deprovision_core::time::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTable};

use crate::fault::Fault;
use crate::format::{DUE, ENTRIES, HEADS};
use crate::head::Head;

/// The entries after `after`, at most `limit`; `None` when there is no such stream.
pub(crate) fn entries(
    database: &Database,
    stream: &RetirementId,
    after: Version,
    limit: usize,
) -> Result<Option<Vec<Entry>>, Fault> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(ENTRIES)?;
    let Some(head) = head_of(&transaction.open_table(HEADS)?, stream)? else {
        let all = (stream.as_str(), 0)..=(stream.as_str(), Version::MAX);
        return match table.range(all)?.next() {
            None => Ok(None),
            Some(_) => Err(Fault::entry(stream, 1, "the stream's state is missing")),
        };
    };
    let wanted = Version::try_from(limit).unwrap_or(Version::MAX);
    let last = head.version.min(after.saturating_add(wanted));
    if after >= last {
        return Ok(Some(Vec::new()));
    }
    let mut prev = match after {
        0 => Entry::genesis(stream),
        after => entry_at(&table, stream, after)?.digest,
    };
    let mut page = Vec::new();
    let mut rows = table.range((stream.as_str(), after + 1)..=(stream.as_str(), last))?;
    for version in after + 1..=last {
        let entry = match rows.next() {
            Some(row) => {
                let (key, value) = row?;
                if key.value() != (stream.as_str(), version) {
                    return Err(Fault::entry(stream, version, "it is missing"));
                }
                decode(stream, version, value.value())?
            }
            None => return Err(Fault::entry(stream, version, "it is missing")),
        };
        if entry.prev != prev {
            return Err(Fault::entry(
                stream,
                version,
                "it does not follow the entry before",
            ));
        }
        prev = entry.digest;
        page.push(entry);
    }
    if last == head.version && prev != head.digest {
        let why = "it is not the one that the stream's state names as its newest";
        return Err(Fault::entry(stream, last, why));
    }
    Ok(Some(page))
}

/// The streams after `after`, at most `limit`.
pub(crate) fn streams(
    database: &Database,
    after: Option<&RetirementId>,
    limit: usize,
) -> Result<Vec<StreamInfo>, Fault> {
    let heads = database.begin_read()?.open_table(HEADS)?;
    // No id is empty, so the empty text is before all.
    let from = after.map_or("", RetirementId::as_str);
    let mut infos = Vec::new();
    for row in heads.range(from..)? {
        if infos.len() >= limit {
            break;
        }
        let (name, row) = row?;
        if after.is_some() && name.value() == from {
            continue;
        }
        let (stream, head) = Head::decode(name.value(), row.value())?;
        infos.push(StreamInfo::new(
            stream,
            head.version,
            head.digest,
            head.due,
            head.epoch,
        ));
    }
    Ok(infos)
}

/// The earliest moment at which a claim could give something.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>, Fault> {
    let transaction = database.begin_read()?;
    let heads = transaction.open_table(HEADS)?;
    let mut earliest: Option<Timestamp> = None;
    for row in transaction.open_table(DUE)?.iter()? {
        let (key, _) = row?;
        let (stream, due, head) = due_head(&heads, key.value())?;
        // Nothing further on can be claimed before it is due.
        if earliest.is_some_and(|earliest| earliest <= due) {
            break;
        }
        let at = head.claimable_at().ok_or_else(|| not_due(&stream))?;
        earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
    }
    Ok(earliest)
}

/// What the due index says, checked against the stream's state.
pub(crate) fn due_head(
    heads: &impl ReadableTable<&'static str, &'static [u8]>,
    (at, name): (i128, &str),
) -> Result<(RetirementId, Timestamp, Head), Fault> {
    let stream = RetirementId::parse(name)
        .map_err(|_| Fault::Damaged(format!("{name:?} is listed as due and is no name")))?;
    match head_of(heads, &stream)? {
        Some(head) => match head.due {
            Some(due) if due.as_nanosecond() == at => Ok((stream, due, head)),
            Some(_) | None => Err(not_due(&stream)),
        },
        None => Err(not_due(&stream)),
    }
}

fn not_due(stream: &RetirementId) -> Fault {
    Fault::Damaged(format!(
        "{stream} is listed as due at a time that its state does not name"
    ))
}

pub(crate) fn head_of(
    heads: &impl ReadableTable<&'static str, &'static [u8]>,
    stream: &RetirementId,
) -> Result<Option<Head>, Fault> {
    match heads.get(stream.as_str())? {
        None => Ok(None),
        Some(row) => Ok(Some(Head::decode(stream.as_str(), row.value())?.1)),
    }
}

/// One entry, which has to be there.
pub(crate) fn entry_at(
    entries: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    stream: &RetirementId,
    version: Version,
) -> Result<Entry, Fault> {
    match entries.get((stream.as_str(), version))? {
        Some(row) => decode(stream, version, row.value()),
        None => Err(Fault::entry(stream, version, "it is missing")),
    }
}

/// Reads an entry, and that it is the one that was stored there.
fn decode(stream: &RetirementId, version: Version, bytes: &[u8]) -> Result<Entry, Fault> {
    let bad = |why: String| Fault::entry(stream, version, why);
    let entry: Entry = serde_json::from_slice(bytes)
        .map_err(|error| bad(format!("it is not the JSON of an entry ({error})")))?;
    if entry.stream != *stream || entry.version != version {
        return Err(bad(format!(
            "entry {} of {} is in its place",
            entry.version, entry.stream
        )));
    }
    match entry.computed_digest() {
        Ok(digest) if digest == entry.digest => Ok(entry),
        Ok(_) => Err(bad("its digest is not its own".into())),
        Err(error) => Err(bad(format!("it has no digest ({error})"))),
    }
}
