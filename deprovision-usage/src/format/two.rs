//! Lines that run into each other.

use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;

/// Finds the versions behind requests.
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"HTTP/"));

/// Whether a text looks like one line of a pattern's format: where something was lost
/// between two lines, there are two times in brackets or two ends of a request.
pub(super) fn is_one_line(text: &[u8]) -> bool {
    let stamps = memchr_iter(b'[', text).filter(|at| {
        let behind = text.get(at + 1..).unwrap_or_default();
        like(behind, b"00/aaa/0000:") || like(behind, b"0000-00-00T00:00:00")
    });
    // `HTTP/1.1"` and `HTTP/2"`.
    let ends = VERSION.find_iter(text).filter(|at| {
        let behind = text.get(at + 5..).unwrap_or_default();
        like(behind, b"0.0\"") || like(behind, b"0\"")
    });
    stamps.take(2).count() <= 1 && ends.take(2).count() <= 1
}

/// Whether a text begins like a pattern, with `0` for any digit and `a` for any letter.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    let fits = |(have, want): (&u8, &u8)| match want {
        b'0' => have.is_ascii_digit(),
        b'a' => have.is_ascii_alphabetic(),
        _ => have == want,
    };
    text.len() >= pattern.len() && text.iter().zip(pattern).all(fits)
}
