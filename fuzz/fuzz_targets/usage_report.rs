//! A usage report: what is read is written and read again as it was.

#![no_main]

use deprovision_core::usage::UsageReport;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(report) = UsageReport::read("report", bytes) else {
        return;
    };
    let mut written = Vec::new();
    if let Err(error) = report.write(&mut written) {
        panic!("{error}");
    }
    match UsageReport::read("report", written.as_slice()) {
        Ok(again) => assert_eq!(again, report),
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&written)),
    }
});
