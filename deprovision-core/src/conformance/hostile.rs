//! Texts that no adapter may take for anything but text.

/// Texts that try to become something else, and what each is.
pub(super) const HOSTILE: &[(&str, &str)] = &[
    ("CR LF and a header", "x\r\nBcc: thief@example.net"),
    ("LF and a header", "x\nBcc: thief@example.net"),
    ("CR and a header", "x\rBcc: thief@example.net"),
    ("an end of the headers", "x\r\n\r\n<html>"),
    ("a folded header", "x\r\n Bcc: thief@example.net"),
    (
        "an end of the message",
        "x\r\n.\r\nMAIL FROM:<thief@example.net>",
    ),
    ("NUL", "x\0y\0Bcc: thief@example.net"),
    (
        "other control characters",
        "x\u{b}\u{c}\u{1b}[2J\u{7f}\u{85}y",
    ),
    ("line separators", "x\u{2028}Bcc: thief@example.net\u{2029}"),
    (
        "marks of direction",
        "x\u{202e}moc.elpmaxe\u{202c}\u{200f}\u{2066}",
    ),
    ("percent-encoded line ends", "x%0d%0aBcc: thief@example.net"),
    (
        "an encoded word",
        "=?utf-8?q?x=0D=0ABcc:_thief@example.net?=",
    ),
    ("recipients", "dana@example.com, thief@example.net"),
    ("a path", "../../../etc/passwd"),
    ("a format", "{} %s %n ${HOME} $(id) `id`"),
    ("nothing", ""),
];
