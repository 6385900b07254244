//! Documents of records: the same lines, however the document comes in pieces. The
//! first byte is the size of the pieces.

#![no_main]

use std::io::{BufReader, Read};

use deprovision_usage::Records;
use libfuzzer_sys::fuzz_target;

/// The lines, and what ends them.
fn lines(text: &[u8], piece: usize) -> (Vec<u8>, Option<String>) {
    let mut out = Vec::new();
    let read = Records::new(BufReader::with_capacity(piece, text)).read_to_end(&mut out);
    (out, read.err().map(|error| error.to_string()))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let whole = lines(text, text.len().max(1));
    assert_eq!(lines(text, usize::from(*first).max(1)), whole);
    assert_eq!(lines(text, 1), whole);
    // A record is never longer than its text, and each has its line.
    assert!(whole.0.len() <= 2 * text.len());
    if whole.1.is_none() && !whole.0.is_empty() {
        assert!(whole.0.ends_with(b"\n"));
    }
});
