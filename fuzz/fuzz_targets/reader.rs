//! Whole files, packed or not: one thread and two count the same, and what was
//! counted is a report that is written and read again as it was. The first byte says
//! how often the rest is repeated, so that there is more than one block.

#![no_main]

use deprovision_core::usage::UsageReport;
use deprovision_fuzz::{count, reader};
use deprovision_usage::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let repeated;
    let text = if *first == 0 && !text.is_empty() {
        repeated = text.repeat((5 << 19) / text.len());
        repeated.as_slice()
    } else {
        text
    };
    let format = (first % 2 == 1).then(Format::combined);
    let one = count(&reader(format.clone(), 1), text);
    let two = count(&reader(format, 2), text);
    assert_eq!(one, two);
    let Some(shard) = one else { return };
    let report = UsageReport::of(shard);
    let mut written = Vec::new();
    if let Err(error) = report.write(&mut written) {
        panic!("{error}");
    }
    match UsageReport::read("report", written.as_slice()) {
        Ok(again) => assert_eq!(again, report),
        Err(error) => panic!("{error}"),
    }
});
