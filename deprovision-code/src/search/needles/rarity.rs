//! Which part of a text is seldom in source code.

/// How often a byte is seen in code and prose, roughly, in tenths of bits that seeing
/// it tells: small for what is everywhere. Letters without their case.
fn surprise(byte: u8) -> u32 {
    match byte {
        b' ' => 25,
        b'e' => 35,
        b't' | b'a' | b's' | b'r' | b'n' | b'o' | b'i' => 42,
        b'l' | b'c' | b'd' | b'p' | b'm' | b'u' => 50,
        b'f' | b'g' | b'h' | b'b' | b'y' | b'v' | b'.' | b'_' | b'"' | b'-' | b'/' => 58,
        b'k' | b'w' | b'x' | b'0' | b'1' | b'2' | b'=' | b'(' | b')' | b',' | b':' => 66,
        b'3'..=b'9' | b'j' | b'q' | b'z' => 74,
        _ => 80,
    }
}

/// Where the window of `width` bytes begins in `text` that is best looked up: few other
/// texts have its grams (`crowd`), and code has its bytes seldom. `text` is folded.
pub(super) fn best_window(text: &[u8], width: usize, crowd: impl Fn(usize) -> u32) -> usize {
    let last = text.len() - width;
    let mut surprises: u32 = text[..width].iter().map(|byte| surprise(*byte)).sum();
    let mut best = (i64::MIN, 0);
    for start in 0..=last {
        if start > 0 {
            surprises += surprise(text[start + width - 1]);
            surprises -= surprise(text[start - 1]);
        }
        // As many neighbours as double the crowd weigh as much as one seldom byte more.
        let neighbours = i64::from(crowd(start).checked_ilog2().unwrap_or(0)) * 60;
        let score = i64::from(surprises) - neighbours;
        if score > best.0 {
            best = (score, start);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_where_the_text_is_its_own() {
        let text = b"/api/v1/quizzes";
        assert!(best_window(text, 7, |_| 1) >= 6);
        // Everybody has what is behind: the front is better.
        let crowded = |start: usize| if start > 4 { 1 << 20 } else { 1 };
        assert!(best_window(text, 7, crowded) <= 4);
        assert_eq!(best_window(b"orders", 6, |_| 1), 0);
    }
}
