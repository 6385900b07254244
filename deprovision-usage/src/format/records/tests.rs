use std::io::{BufReader, Read};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Records, RecordsError, fits};

fn lines(text: &[u8]) -> String {
    let mut out = String::new();
    Records::new(text).read_to_string(&mut out).unwrap();
    out
}

fn error(text: &[u8]) -> (String, RecordsError) {
    let mut out = Vec::new();
    let error = Records::new(text).read_to_end(&mut out).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    let error = error.into_inner().unwrap().downcast::<RecordsError>();
    (String::from_utf8(out).unwrap(), *error.unwrap())
}

#[test]
fn each_record_becomes_a_line_and_the_rest_is_left_out() {
    assert_eq!(lines(b""), "");
    assert_eq!(lines(br#"{}{"Records":[]}"#), "");
    assert_eq!(
        lines(br#" {"a":"Records","n":-1.5e+3,"o":{"Records":[{}]},"Records" : [ {"x" : "a b\"{"} , {}],"l":[1,"]"],"t":true}
            {"Records":[{"y":1}]}"#),
        "{\"x\":\"a b\\\"{\"}\n{}\n{\"y\":1}\n"
    );
}

#[test]
fn a_cut_or_malformed_document_ends_with_an_error_behind_its_whole_records() {
    let (out, cut) = error(br#"{"Records":[{"a":1},{"b":2},{"c"#);
    assert_eq!(out, "{\"a\":1}\n{\"b\":2}\n{\"c");
    assert_eq!(cut, RecordsError::Cut { records: 2 });
    for (text, at) in [
        (&b"x"[..], 0),
        (br#"[{"a":1}]"#, 0),
        (br#"{"Records":[1]}"#, 12),
        (br#"{"Records":[{"a":[}]}"#, 18),
        (b"{\"Records\":[{\"a\":\"\n\"}]}", 18),
        (br#"{"Records":[{}{}]}"#, 14),
        (br#"{"Records":[{},]}"#, 15),
        (br#"{"Records":[]]"#, 13),
        (br#"{"Records":[]},"#, 14),
    ] {
        let (_, error) = error(text);
        let records = u64::from(at == 14 && text.len() > 15 || at == 15);
        assert_eq!(error, RecordsError::Malformed { at, records }, "{text:?}");
    }
    let deep = [br#"{"Records":[{"a":"#.as_slice(), &[b'['; 200]].concat();
    assert!(matches!(error(&deep).1, RecordsError::Malformed { .. }));
}

#[test]
fn a_document_is_told_by_its_beginning() {
    assert!(fits(b"{\"Records\":[{"));
    assert!(fits(b" {\n  \"Records\" : [ "));
    assert!(fits(b"{\"Records\":"));
    assert!(!fits(b"{\"eventTime\":1}"));
    assert!(!fits(b"{\"Records\":{}}"));
    assert!(!fits(b"[]"));
}

/// Gives a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(into.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        into[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

fn record() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[ \"\\\\\\[\\]{}\n,:a\u{e4}]{0,6}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c\" ]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-e]", value, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn the_lines_are_the_records_however_the_input_is_cut(
        documents in prop::collection::vec((prop::collection::vec(record(), 0..4), record(), any::<bool>()), 0..3),
        piece in 1usize..9,
        buffer in 1usize..20,
    ) {
        let mut text = Vec::new();
        let mut records = Vec::new();
        for (list, other, pretty) in documents {
            let document = json!({"A": other, "Records": list, "Z": 1});
            if pretty {
                serde_json::to_writer_pretty(&mut text, &document).unwrap();
            } else {
                serde_json::to_writer(&mut text, &document).unwrap();
            }
            records.extend(list);
        }
        let mut out = Vec::new();
        let input = BufReader::with_capacity(buffer, Trickle(&text, piece));
        Records::new(input).read_to_end(&mut out).unwrap();
        let lines: Vec<Value> = out
            .split_inclusive(|b| *b == b'\n')
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        prop_assert_eq!(lines, records);
    }

    #[test]
    fn no_bytes_make_it_panic_or_loop(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\ Records1".to_vec())], 0..200),
        inside in any::<bool>(),
    ) {
        let begin: &[u8] = if inside { b"{\"Records\":[" } else { b"" };
        let text = [begin, bytes.as_slice()].concat();
        let _ = Records::new(text.as_slice()).read_to_end(&mut Vec::new());
    }

    #[test]
    fn what_is_whole_before_damage_is_given(list in prop::collection::vec(record(), 1..4), cut in any::<prop::sample::Index>()) {
        let text = serde_json::to_vec(&json!({"Records": list})).unwrap();
        let cut = &text[..cut.index(text.len())];
        let mut out = Vec::new();
        let result = Records::new(cut).read_to_end(&mut out);
        prop_assert_eq!(result.is_err(), !cut.is_empty());
        let whole = out.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n"));
        for (line, record) in whole.zip(&list) {
            prop_assert_eq!(&serde_json::from_slice::<Value>(line).unwrap(), record);
        }
    }
}

#[test]
fn a_fault_is_the_same_in_whatever_pieces_it_comes() {
    for (text, at, given) in [
        (&b"{\"Records\":\"[\n\"}"[..], "byte 13", &b""[..]),
        (b"{\"Records\":[{\"ab\x07c\"}]}", "byte 16", b"{\"ab"),
    ] {
        for piece in [1, 2, 5, 100] {
            let mut out = Vec::new();
            let mut records = Records::new(BufReader::with_capacity(piece, text));
            let error = records.read_to_end(&mut out).unwrap_err().to_string();
            assert!(error.contains(at), "{error}");
            assert_eq!(out, given, "in pieces of {piece}");
        }
    }
}
