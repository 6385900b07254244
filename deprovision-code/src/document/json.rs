//! JSON with places. `serde_json` decides what is JSON; this finds where it is.

use serde::de::IgnoredAny;

use crate::document::tree::{DEEPEST, Kind, Node};

/// The value of a JSON text.
pub(crate) fn parse(source: &str) -> Result<Node, String> {
    serde_json::from_str::<IgnoredAny>(source).map_err(|error| error.to_string())?;
    let mut reader = Reader {
        source,
        at: 0,
        depth: 0,
    };
    reader.value()
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Node, String> {
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Kind::Scalar {
                value: self.string()?,
                quoted: true,
            },
            Some(_) => Kind::Scalar {
                value: self.word().to_owned(),
                quoted: false,
            },
            None => return Err("it ends early".to_owned()),
        };
        Ok(Node {
            start,
            end: self.at,
            kind,
            anchor: 0,
            tag: None,
        })
    }

    fn object(&mut self) -> Result<Kind, String> {
        self.enter()?;
        let mut entries = Vec::new();
        while self.next_item(b'}')? {
            let key = self.value()?;
            self.space();
            self.skip(b':')?;
            entries.push((key, self.value()?));
        }
        Ok(Kind::Mapping {
            entries,
            flow: true,
        })
    }

    fn array(&mut self) -> Result<Kind, String> {
        self.enter()?;
        let mut items = Vec::new();
        while self.next_item(b']')? {
            items.push(self.value()?);
        }
        Ok(Kind::Sequence(items))
    }

    fn enter(&mut self) -> Result<(), String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} levels deep"));
        }
        Ok(())
    }

    /// Goes to the next item; ends the collection when there is none.
    fn next_item(&mut self, end: u8) -> Result<bool, String> {
        self.space();
        match self.peek() {
            Some(byte) if byte == end => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(_) => Ok(true),
            None => Err("it ends early".to_owned()),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    fn word(&mut self) -> &str {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| !matches!(b, b',' | b'}' | b']' | b':') && !b.is_ascii_whitespace())
        {
            self.at += 1;
        }
        &self.source[start..self.at]
    }

    fn skip(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(format!(
                "{:?} is missing at byte {}",
                char::from(byte),
                self.at
            ))
        }
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_knows_its_place() {
        let source = r#" {"a\"b" : [1, true], "c":{}}"#;
        let node = parse(source).unwrap();
        let (key, value) = &node.entries()[0];
        assert_eq!(&source[key.start..key.end], r#""a\"b""#);
        assert_eq!(key.scalar(), Some("a\"b"));
        assert_eq!(&source[value.start..value.end], "[1, true]");
        assert_eq!(&source[node.start..node.end], source.trim());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[\\[\\]{}\",:a1 \\\\é]{0,24}") {
            let _ = parse(&text);
        }
    }
}
