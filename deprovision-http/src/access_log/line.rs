//! One line in Combined Log Format.

use std::fmt::Write;
use std::net::IpAddr;

use deprovision_core::id::CallerId;
use deprovision_core::time::Timestamp;
use http::{Method, Version};

/// The longest path shown, in bytes as received.
const MAX_PATH_BYTES: usize = 8 * 1024;
/// The longest user agent shown, in bytes as received.
const MAX_AGENT_BYTES: usize = 512;

/// What a line says.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) client: Option<IpAddr>,
    pub(crate) caller: Option<CallerId>,
    pub(crate) at: Timestamp,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) version: Version,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) agent: Option<Vec<u8>>,
}

impl Line {
    /// The line with its end. The referrer is never shown.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(160);
        match &self.client {
            Some(client) => put(&mut text, client),
            None => text.push('-'),
        }
        text.push_str(" - ");
        match &self.caller {
            Some(caller) => put(&mut text, caller),
            None => text.push('-'),
        }
        put(&mut text, self.at.strftime(" [%d/%b/%Y:%H:%M:%S +0000] \""));
        put(&mut text, &self.method);
        text.push(' ');
        if self.path.is_empty() {
            text.push('-');
        }
        escape(&mut text, self.path.as_bytes(), MAX_PATH_BYTES, false);
        put(
            &mut text,
            format_args!(
                " {:?}\" {} {} \"-\" \"",
                self.version, self.status, self.bytes
            ),
        );
        match &self.agent {
            Some(agent) if !agent.is_empty() => {
                escape(&mut text, agent, MAX_AGENT_BYTES, true);
            }
            Some(_) | None => text.push('-'),
        }
        text.push_str("\"\n");
        text
    }
}

/// Writing into a `String` can not fail.
fn put(text: &mut String, what: impl std::fmt::Display) {
    let _never_fails = write!(text, "{what}");
}

/// As nginx escapes: quotes, backslashes, control characters and whatever is not
/// ASCII become `\xHH`, so no field can end early and no line can be forged.
fn escape(text: &mut String, bytes: &[u8], most: usize, spaces: bool) {
    for byte in bytes.iter().take(most) {
        match byte {
            b'"' | b'\\' => put(text, format_args!("\\x{byte:02X}")),
            b' ' if spaces => text.push(' '),
            0x21..=0x7e => text.push(char::from(*byte)),
            _ => put(text, format_args!("\\x{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(path: &str, agent: &[u8]) -> Line {
        Line {
            client: Some("203.0.113.9".parse().unwrap()),
            caller: Some(CallerId::parse("key-42").unwrap()),
            at: "2026-10-10T13:55:36.9Z".parse().unwrap(),
            method: Method::GET,
            path: path.to_owned(),
            version: Version::HTTP_11,
            status: 200,
            bytes: 123,
            agent: Some(agent.to_vec()),
        }
    }

    /// The fields of a line, read by its quotes alone.
    fn fields(text: &str) -> Vec<&str> {
        text.strip_suffix('\n').unwrap().split('"').collect()
    }

    #[test]
    fn a_line_is_combined_log_format() {
        assert_eq!(
            line("/v1/orders", b"agent").to_text(),
            "203.0.113.9 - key-42 [10/Oct/2026:13:55:36 +0000] \"GET /v1/orders HTTP/1.1\" 200 123 \"-\" \"agent\"\n"
        );
        let mut nobody = line("*", b"");
        (nobody.client, nobody.caller) = (None, None);
        assert_eq!(
            nobody.to_text(),
            "- - - [10/Oct/2026:13:55:36 +0000] \"GET * HTTP/1.1\" 200 123 \"-\" \"-\"\n"
        );
    }

    proptest! {
        #[test]
        fn no_path_and_no_agent_forges_a_line(
            path in ".{0,60}|[\"\\\\ -~\r\n]{0,60}",
            agent in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let text = line(&path, &agent).to_text();
            prop_assert_eq!(text.matches('\n').count(), 1);
            prop_assert!(text.bytes().all(|b| b == b'\n' || (0x20..0x7f).contains(&b)));
            let fields = fields(&text);
            prop_assert_eq!(fields.len(), 7, "{}", text);
            prop_assert_eq!(fields[1].split(' ').count(), 3, "{}", text);
            prop_assert_eq!(fields[2], " 200 123 ");
            prop_assert_eq!(fields[3], "-");
        }
    }
}
