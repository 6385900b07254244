//! The names of the files, from the notices' ids.

use deprovision_core::digest::Digest;
use deprovision_core::resource::NoticeId;

/// How much of the notice's name is readable in the file's.
const READABLE: usize = 60;

/// The key of a notice: it differs where the id differs, and holds hexadecimal
/// digits only.
pub(crate) fn key(id: &NoticeId) -> String {
    Digest::of_bytes(id.to_string().as_bytes()).to_hex()
}

/// The name of the notice's file: what is plain in the notice's name, for people,
/// and the key. Lower-case letters, digits, hyphens and one dot, so that it is one
/// file in one directory on every file system.
pub(crate) fn file_name(id: &NoticeId) -> String {
    let mut readable = String::new();
    for c in id.name().chars() {
        if readable.len() == READABLE {
            break;
        }
        if c.is_ascii_alphanumeric() {
            readable.push(c.to_ascii_lowercase());
        } else if !readable.ends_with('-') && !readable.is_empty() {
            readable.push('-');
        }
    }
    format!("{}-{}.eml", readable.trim_end_matches('-'), key(id))
        .trim_start_matches('-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(name: &str) -> Option<NoticeId> {
        format!("outbox:shop:local:{name}").parse().ok()
    }

    #[test]
    fn a_person_can_read_which_notice_it_is() {
        let name = file_name(&id("orders-v1/announcement/dana@example.com").unwrap());
        assert!(
            name.starts_with("orders-v1-announcement-dana-example-com-"),
            "{name}"
        );
        let name = file_name(&id("../../ключ").unwrap());
        assert_eq!(name.len(), 64 + 4, "{name}");
    }

    proptest! {
        #[test]
        fn a_name_is_one_file_and_two_ids_are_two(a in "\\PC{1,300}", b in "\\PC{1,300}") {
            let (Some(first), Some(second)) = (id(&a), id(&b)) else { return Ok(()) };
            let name = file_name(&first);
            prop_assert!(name.len() <= READABLE + 1 + 64 + 4);
            prop_assert!(name.strip_suffix(".eml").unwrap().bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!name.starts_with('-'));
            prop_assert_eq!(a == b, name == file_name(&second));
        }
    }
}
