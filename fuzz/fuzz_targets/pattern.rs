//! A pattern, up to the first line feed, and lines for it.

#![no_main]

use deprovision_usage::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, lines) = text.split_once('\n').unwrap_or((text, ""));
    let mut formats = Vec::new();
    for found in [Format::pattern(pattern).ok(), Format::named(pattern).ok()] {
        let Some(format) = found else { continue };
        formats.extend(format.with_caller("http_x_client_id").ok());
        formats.push(format);
    }
    for format in formats {
        for line in lines.split('\n') {
            // A pattern reads its own text, too.
            for line in [line, pattern] {
                match format.parse(line.as_bytes()) {
                    Ok(record) => assert!(!format!("{record:?}").contains('\n')),
                    Err(error) => assert!(!error.to_string().contains('\n')),
                }
            }
        }
    }
});
