//! What the servers took, as Python's `email`, `html.parser` and `icalendar` read it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::world::variable;

/// All copies for a recipient.
pub(crate) fn copies(recipient: &str) -> Vec<Value> {
    ask(&format!("/mail?to={}", recipient.replace('+', "%2B")))
}

/// All copies for recipients whose address holds the text.
pub(crate) fn copies_with(text: &str) -> Vec<Value> {
    ask(&format!("/mail?with={text}"))
}

/// The one copy for a recipient.
pub(crate) fn copy(recipient: &str) -> Value {
    let mut copies = copies(recipient);
    assert_eq!(copies.len(), 1, "{recipient} has one copy");
    copies.remove(0)
}

/// The values of a header, as often as it occurs.
pub(crate) fn header<'a>(copy: &'a Value, name: &str) -> Vec<&'a str> {
    copy["headers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|pair| pair[1].as_str().unwrap())
        .collect()
}

/// The names of all headers, sorted.
pub(crate) fn headers(copy: &Value) -> Vec<String> {
    let pairs = copy["headers"].as_array().unwrap();
    let mut names: Vec<String> = pairs
        .iter()
        .map(|pair| pair[0].as_str().unwrap().to_ascii_lowercase())
        .collect();
    names.sort();
    names
}

fn ask(path: &str) -> Vec<Value> {
    let mut stream = TcpStream::connect(variable("DEPROVISION_MAIL_READER")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}
