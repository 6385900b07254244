//! What templates can call.

/// A number in groups of three: `{{ n|group(",") }}`.
pub(super) fn group(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn a_number_is_grouped_by_three() {
        let grouped = [0, 999, 1000, 1_234_567].map(|n| group(n, ","));
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }
}
