//! Names of objects: relative paths with `/` that can not lead outside.

/// The longest name, in bytes: what Linux takes as a path.
const MAX_NAME_BYTES: usize = 4_095;

/// Why a text is not a name; `None` when it is one.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return Some("it is longer than 4095 bytes");
    }
    if name.contains('\0') {
        return Some("it holds a NUL");
    }
    if name.starts_with('/') {
        return Some("it is absolute");
    }
    if name
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Some("a part of it is empty, . or ..");
    }
    None
}

/// The folder part (empty for none) and the last part.
pub(crate) fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_lead_outside_is_no_name() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../../b",
            "./a",
            "a//b",
            "a/",
            "a\0b",
        ] {
            assert!(why_not(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "a/b", "..a", "a b", "ключ", "a\\b", "a\nb", "CON"] {
            assert_eq!(why_not(good), None, "{good:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_stays_below_its_root(name in "[a./\\\\]{0,12}") {
            if why_not(&name).is_none() {
                let mut depth = 0i32;
                for part in std::path::Path::new(&name).components() {
                    prop_assert!(matches!(part, std::path::Component::Normal(_)));
                    depth += 1;
                }
                prop_assert!(depth > 0);
                let (folder, last) = split(&name);
                let again = if folder.is_empty() { last.to_owned() } else { format!("{folder}/{last}") };
                prop_assert_eq!(again, name);
            }
        }
    }
}
