//! What is known of a stream without reading its entries.

use deprovision_core::digest::Digest;
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::{Entry, Version};
use deprovision_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What the checksum of a row is bound to.
const DOMAIN: &[u8] = b"deprovision/head/v1\n";

/// The length of the checksum in front of a row.
const SUM: usize = 32;

/// One row of the table of heads: the checksum, then this as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) version: Version,
    pub(crate) digest: Digest,
    pub(crate) due: Option<Timestamp>,
    pub(crate) epoch: u64,
    pub(crate) lease: Option<Held>,
}

/// The lease that was granted last and not given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) worker: WorkerId,
    pub(crate) until: Timestamp,
}

impl Head {
    /// The head of a stream before its first entry.
    pub(crate) fn genesis(stream: &RetirementId) -> Self {
        Self {
            version: 0,
            digest: Entry::genesis(stream),
            due: None,
            epoch: 0,
            lease: None,
        }
    }

    pub(crate) fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|lease| now < lease.until)
    }

    /// When a claim could succeed.
    pub(crate) fn claimable_at(&self) -> Option<Timestamp> {
        let due = self.due?;
        Some(match &self.lease {
            Some(lease) => lease.until.max(due),
            None => due,
        })
    }

    /// The row. Its checksum covers the stream's name, so that a row that is
    /// found under another name is noticed.
    pub(crate) fn encode(&self, stream: &RetirementId) -> Result<Vec<u8>, Fault> {
        let json = serde_json::to_vec(self).map_err(|error| {
            Fault::Damaged(format!("the state of {stream} can not be written: {error}"))
        })?;
        let mut row = sum(stream.as_str(), &json).as_bytes().to_vec();
        row.extend_from_slice(&json);
        Ok(row)
    }

    /// Reads a row back, with the name it was found under.
    pub(crate) fn decode(name: &str, row: &[u8]) -> Result<(RetirementId, Self), Fault> {
        let damaged = |why: &str| Fault::Damaged(format!("the state of {name:?} {why}"));
        let stream = RetirementId::parse(name).map_err(|_| damaged("has no valid name"))?;
        let (stored, json) = row
            .split_at_checked(SUM)
            .ok_or_else(|| damaged("is cut short"))?;
        if sum(name, json).as_bytes() != stored {
            return Err(damaged("does not have the checksum it was written with"));
        }
        let head = serde_json::from_slice(json)
            .map_err(|error| damaged(&format!("can not be read: {error}")))?;
        Ok((stream, head))
    }
}

fn sum(name: &str, json: &[u8]) -> Digest {
    Digest::of_bytes(&[DOMAIN, name.as_bytes(), b"\n", json].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head() -> (RetirementId, Head) {
        let stream = RetirementId::parse("orders-v1").unwrap();
        let mut head = Head::genesis(&stream);
        head.due = Some(Timestamp::UNIX_EPOCH);
        head.epoch = 7;
        head.lease = Some(Held {
            worker: WorkerId::parse("w1").unwrap(),
            until: Timestamp::MAX,
        });
        (stream, head)
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let (stream, head) = head();
        let row = head.encode(&stream).unwrap();
        assert_eq!(Head::decode("orders-v1", &row).unwrap(), (stream, head));
    }

    #[test]
    fn a_row_under_another_name_is_refused() {
        let (stream, head) = head();
        let row = head.encode(&stream).unwrap();
        assert!(Head::decode("orders-v2", &row).is_err());
        assert!(Head::decode("", &row).is_err());
    }

    #[test]
    fn a_row_with_any_bit_flipped_or_cut_anywhere_is_refused() {
        let (stream, head) = head();
        let row = head.encode(&stream).unwrap();
        for bit in 0..row.len() * 8 {
            let mut bad = row.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::decode("orders-v1", &bad).is_err(), "bit {bit}");
        }
        for length in 0..row.len() {
            assert!(Head::decode("orders-v1", &row[..length]).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(name in ".*", row in any::<Vec<u8>>()) {
            let _ = Head::decode(&name, &row);
        }
    }
}
