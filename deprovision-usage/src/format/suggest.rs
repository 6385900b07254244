//! What somebody may have meant.

/// The known word that is the fewest changes away, when those are few.
pub(super) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, name) = known
        .iter()
        .map(|name| (distance(word, name), *name))
        .min()?;
    (distance <= 1 + word.len() / 3).then_some(name)
}

/// The end of a sentence that suggests a word.
pub(super) fn shown(meant: Option<&str>) -> String {
    meant.map_or(String::new(), |meant| format!(" (did you mean {meant:?}?)"))
}

/// How many bytes must be added, left out or replaced.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, byte) in from.bytes().enumerate() {
        let mut left = at + 1;
        let mut corner = at;
        let mut next = vec![left];
        for (above, other) in row.iter().skip(1).zip(to.bytes()) {
            let replaced = corner + usize::from(byte != other);
            left = replaced.min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(from.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["combined", "nginx", "json", "cloudtrail"];
        assert_eq!(closest("combind", &known), Some("combined"));
        assert_eq!(closest("cloud-trail", &known), Some("cloudtrail"));
        assert_eq!(closest("jsn", &known), Some("json"));
        assert_eq!(closest("syslog", &known), None);
        assert_eq!(closest("", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
