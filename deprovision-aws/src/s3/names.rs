//! Names of objects: relative paths with `/` that can not lead outside.

/// Why a text is not a name; `None` when it is one.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.starts_with('/') {
        return Some("it is absolute");
    }
    if name.ends_with('/') {
        return Some("it ends in /, as the folders that consoles make");
    }
    // Lists come as XML, which can not carry them.
    if name.chars().any(char::is_control) {
        return Some("it holds a control character");
    }
    if name
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Some("a part of it is empty, . or ..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_lead_outside_or_is_not_listed_faithfully_is_no_name() {
        for bad in [
            "", "/", "/a", "..", "a/../b", "./a", "a//b", "a/", "a\0b", "a\rb",
        ] {
            assert!(why_not(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "a/b", "..a", "a b", "ключ", "a\\b", "a+b%2F", "CON"] {
            assert_eq!(why_not(good), None, "{good:?}");
        }
    }
}
