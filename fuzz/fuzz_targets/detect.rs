//! The beginning of a log: a format that is found fits at least half of its lines.

#![no_main]

use deprovision_usage::detect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match detect(bytes) {
    Ok(found) => {
        assert!(found.of > 0 && found.agreeing <= found.of);
        assert!(2 * found.agreeing >= found.of, "{found:?}");
        assert!(!found.why.contains('\n'));
    }
    Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
});
