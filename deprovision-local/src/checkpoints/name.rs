//! What a stream's file is called.

use std::ffi::OsString;
use std::fmt::Write as _;

use deprovision_core::digest::Digest;
use deprovision_core::id::RetirementId;

/// What every file of a note ends with.
const ENDING: &str = ".note";

/// The longest encoded name that is used as it is; file names end at 255 bytes.
const LONGEST: usize = 180;

/// How much of a longer one is kept, for people.
const KEPT: usize = 100;

/// The file of a stream, and of no other: also where the file system does not
/// tell capitals from small letters. What is no small letter, digit, `.`, `_` or
/// `-` is written `=` and two hex digits, which is readable for most names.
pub(crate) fn file_of(stream: &RetirementId) -> OsString {
    let mut name = String::new();
    for byte in stream.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => name.push(char::from(byte)),
            other => {
                // Writing to a String does not fail.
                let _ = write!(name, "={other:02x}");
            }
        }
    }
    if name.len() > LONGEST {
        name.truncate(KEPT);
        // Two = in a row stand in no shorter name.
        let digest = Digest::of_bytes(stream.as_str().as_bytes());
        name.push_str("==");
        for byte in digest.as_bytes() {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name.push_str(ENDING);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(stream: &str) -> String {
        let file = file_of(&RetirementId::parse(stream).unwrap());
        file.into_string().unwrap()
    }

    #[test]
    fn a_plain_name_stays_readable() {
        assert_eq!(name("orders-v1"), "orders-v1.note");
        assert_eq!(name("default/orders-v1"), "default=2forders-v1.note");
        assert_eq!(name("Orders"), "=4frders.note");
    }

    proptest! {
        #[test]
        fn every_name_is_one_plain_name_and_no_two_streams_share_it(
            a in "[A-Za-z0-9][A-Za-z0-9_@:+#/-]{0,255}",
            b in "[A-Za-z0-9][A-Za-z0-9_@:+#/-]{0,255}",
        ) {
            for stream in [&a, &b] {
                let name = name(stream);
                prop_assert!(name.len() <= 240, "{name}");
                prop_assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
                prop_assert_eq!(name.to_lowercase(), name);
            }
            prop_assert_eq!(name(&a) == name(&b), a == b);
            // Twins for a file system that does not tell capitals apart.
            let lower = a.to_lowercase();
            prop_assert_eq!(name(&a) == name(&lower), a == lower);
        }
    }
}
