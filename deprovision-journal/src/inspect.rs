//! What a file must hold to be a journal that this program can go on with.

use std::collections::BTreeSet;
use std::path::Path;

use deprovision_core::journal::JournalError;
use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableError};

use crate::fault::{Fault, guarded, not_a_journal};
use crate::format::{DUE, ENTRIES, FORMAT, HEADS, MAGIC, META};
use crate::head::Head;
use crate::open::damaged;
use crate::read::entry_at;

/// Checks what the file says it is, then that its tables agree with each other.
pub(crate) fn inspect(path: &Path, database: &Database) -> Result<(), JournalError> {
    let said = guarded(|| meta(&database.begin_read()?)).map_err(|f| damaged(path, f))?;
    let foreign = |why: &str| not_a_journal(path, why, None);
    let Some((magic, format)) = said else {
        return Err(foreign("it is a redb database of another program"));
    };
    if magic != MAGIC {
        return Err(foreign("it is a redb database of another program"));
    }
    let found: u64 = format
        .parse()
        .map_err(|_| foreign("its format is not a number"))?;
    match found {
        0 => Err(foreign("it has format 0, which never was")),
        1..=FORMAT => {
            guarded(|| agree(&database.begin_read()?)).map_err(|fault| damaged(path, fault))
        }
        _ => Err(JournalError::NewerFormat {
            path: path.to_owned(),
            found,
            known: FORMAT,
        }),
    }
}

/// The magic and the format, when there is such a table.
fn meta(transaction: &ReadTransaction) -> Result<Option<(String, String)>, Fault> {
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(TableError::Storage(error)) => return Err(error.into()),
        // A missing table, or one of another type: not ours.
        Err(_) => return Ok(None),
    };
    let text = |key| -> Result<Option<String>, Fault> {
        Ok(table.get(key)?.map(|value| value.value().to_owned()))
    };
    Ok(text("magic")?.zip(text("format")?))
}

/// Every head has its newest entry, and the due index is that of the heads.
fn agree(transaction: &ReadTransaction) -> Result<(), Fault> {
    let heads = transaction.open_table(HEADS)?;
    let entries = transaction.open_table(ENTRIES)?;
    let due = transaction.open_table(DUE)?;
    let mut expected = BTreeSet::new();
    for row in heads.iter()? {
        let (name, row) = row?;
        let (stream, head) = Head::decode(name.value(), row.value())?;
        let newest = entry_at(&entries, &stream, head.version)?;
        if newest.digest != head.digest {
            let why = "it is not the one that the stream's state names as its newest";
            return Err(Fault::entry(&stream, head.version, why));
        }
        if let Some(due) = head.due {
            expected.insert((due.as_nanosecond(), stream.to_string()));
        }
    }
    for row in due.iter()? {
        let (key, _) = row?;
        let (at, name) = key.value();
        if !expected.remove(&(at, name.to_owned())) {
            let why = format!("{name} is listed as due at a time that its state does not name");
            return Err(Fault::Damaged(why));
        }
    }
    match expected.pop_first() {
        None => Ok(()),
        Some((_, name)) => Err(Fault::Damaged(format!("{name} is due and not listed so"))),
    }
}
