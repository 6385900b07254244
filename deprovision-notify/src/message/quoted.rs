//! Quoted-printable (RFC 2045, 6.7): a text as lines of ASCII.
//!
//! The library has it, too; this one copies whole stretches at once, since it is most of
//! what there is to do for a message beside putting it into words.

/// How long a line may be, with the `=` of one that goes on.
const LINE: usize = 76;
/// How long it gets before it goes on.
const ROOM: usize = LINE - 1;
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// A text whose lines end with CR LF, encoded.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split("\r\n").enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        Line::default().write(line.as_bytes(), &mut out);
    }
    out
}

/// A line of the text, which becomes one line or several.
#[derive(Default)]
struct Line {
    /// How much the last one holds.
    filled: usize,
}

impl Line {
    fn write(mut self, line: &[u8], out: &mut Vec<u8>) {
        // Who passes a message on may take a blank away at the end of a line.
        let (mut rest, blank) = match line {
            [before @ .., blank @ (b' ' | b'\t')] => (before, Some(*blank)),
            _ => (line, None),
        };
        while !rest.is_empty() {
            let plain = rest.iter().position(|byte| !is_plain(*byte));
            let (plain, after) = rest.split_at(plain.unwrap_or(rest.len()));
            self.plain(plain, out);
            rest = match after {
                [byte, after @ ..] => {
                    self.code(*byte, out);
                    after
                }
                [] => after,
            };
        }
        if let Some(blank) = blank {
            self.code(blank, out);
        }
    }

    /// Bytes that stand for themselves.
    fn plain(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let [first, after @ ..] = bytes {
            if self.filled == ROOM {
                self.go_on(out);
            }
            if self.filled == 0 && is_changed(bytes) {
                self.code(*first, out);
                bytes = after;
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(ROOM - self.filled));
            out.extend_from_slice(now);
            self.filled += now.len();
            bytes = later;
        }
    }

    /// One byte as its number.
    fn code(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.filled + 3 > ROOM {
            self.go_on(out);
        }
        let digit = |number: u8| DIGITS.get(usize::from(number)).copied().unwrap_or(b'0');
        out.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
        self.filled += 3;
    }

    fn go_on(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"=\r\n");
        self.filled = 0;
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~') && byte != b'='
}

/// Whether who passes a message on may change a line that begins so (RFC 2049, 3): for a
/// mailbox in one file, `From ` becomes `>From `, after which no signature fits; a point may
/// be doubled, or end the message.
fn is_changed(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_plain_is_a_number_and_a_long_line_goes_on() {
        let encoded = |text: &str| String::from_utf8(quoted(text)).unwrap();
        assert_eq!(encoded("a = ü\r\n\tb\r\n"), "a =3D =C3=BC\r\n\tb\r\n");
        assert_eq!(encoded("a \r\nb\t\r\n \r\n"), "a=20\r\nb=09\r\n=20\r\n");
        assert_eq!(encoded("a\rb\nc"), "a=0Db=0Ac");
        let long = "x".repeat(80);
        assert_eq!(
            encoded(&long),
            format!("{}=\r\n{}", "x".repeat(75), "x".repeat(5))
        );
        let just = "x".repeat(75);
        assert_eq!(
            encoded(&format!("{just}\r\n{just}")),
            format!("{just}\r\n{just}")
        );
        assert_eq!(encoded(&format!("{just} ")), format!("{just}=\r\n=20"));
    }

    #[test]
    fn a_line_begins_with_nothing_that_is_changed_on_the_way() {
        let encoded = |text: &str| String::from_utf8(quoted(text)).unwrap();
        assert_eq!(
            encoded("From here\r\nFrom \r\n.\r\n.. a\r\n"),
            "=46rom here\r\nFrom=20\r\n=2E\r\n=2E. a\r\n"
        );
        assert_eq!(
            encoded("From\r\nFrom\ta\r\nfrom a\r\nA From b.\r\n From"),
            "From\r\nFrom\ta\r\nfrom a\r\nA From b.\r\n From"
        );
        // Nor does one that goes on.
        let full = "x".repeat(75);
        assert_eq!(
            encoded(&format!("{full}From me.\r\n{full}.\r\n{full}From ")),
            format!("{full}=\r\n=46rom me.\r\n{full}=\r\n=2E\r\n{full}=\r\nFrom=20")
        );
        assert_eq!(
            encoded(&format!(".{full}")),
            format!("=2E{}=\r\nxxx", "x".repeat(72))
        );
    }

    /// As somebody else reads it.
    fn read(encoded: &[u8]) -> Vec<u8> {
        let head = b"Content-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n";
        let message = [head, encoded].concat();
        let parsed = mail_parser::MessageParser::default()
            .parse(&message)
            .unwrap();
        parsed.body_text(0).unwrap().into_owned().into_bytes()
    }

    proptest! {
        #[test]
        fn another_reads_the_same_text(
            lines in proptest::collection::vec("((From |[.])?[ -~\\tüж=.]{0,200}){0,2}", 0..6)
        ) {
            let text = lines.join("\r\n");
            let encoded = quoted(&text);
            prop_assert!(encoded.is_ascii());
            for line in encoded.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                prop_assert!(line.len() <= LINE);
                prop_assert!(!matches!(line.last(), Some(b' ' | b'\t')));
                prop_assert!(!line.starts_with(b"From ") && !line.starts_with(b"."));
            }
            let (read, text) = (read(&encoded), text.as_bytes());
            prop_assert_eq!(read, text);
        }
    }
}
