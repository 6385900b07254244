//! A whole policy, read and edited.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::policy_language::StatementKey;
use crate::policy_language::statement::resources;
use crate::policy_language::unique_json;

/// A policy whose statements can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    value: Value,
}

/// A statement, or some resources of one, that an edit takes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removed {
    /// Where the statement stands, from 0.
    pub(crate) position: usize,
    /// The whole statement as it is before.
    pub(crate) statement: Value,
    /// What is taken out of it; nothing means all of it.
    pub(crate) resources: Vec<String>,
}

/// What taking a grant out of a policy does to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) removed: Vec<Removed>,
    /// The policy afterwards; none when nothing remains.
    pub(crate) after: Option<Value>,
}

/// The text of a policy: IAM's answers encode it by RFC 3986, where a plus is a plus.
fn decoded(text: &str) -> Result<Cow<'_, str>, String> {
    // No encoded text holds a brace.
    if text.trim_start().starts_with('{') || !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let fault = || "its text is not encoded as IAM does it".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let value = high.zip(low).map(|(high, low)| high * 16 + low);
        bytes.push(
            value
                .and_then(|value| u8::try_from(value).ok())
                .ok_or_else(fault)?,
        );
    }
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| fault())
}

impl Document {
    /// Reads the text of a policy, or says why it can not be told what it says.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = decoded(text)?;
        let value = unique_json::parse(&text)
            .map_err(|_| "it is not JSON, or a name stands there twice".to_owned())?;
        Self::of(value)
    }

    /// The policy that a value is.
    pub(crate) fn of(value: Value) -> Result<Self, String> {
        let Value::Object(members) = &value else {
            return Err("it is no object".to_owned());
        };
        let known = |name: &String| ["Version", "Id", "Statement"].contains(&name.as_str());
        if !members.keys().all(known) {
            return Err("it has an element that is not known".to_owned());
        }
        match members.get("Version").map(Value::as_str) {
            None | Some(Some("2008-10-17" | "2012-10-17")) => {}
            Some(_) => return Err("its version is not known".to_owned()),
        }
        match members.get("Statement") {
            Some(Value::Object(_) | Value::Array(_)) => Ok(Self { value }),
            _ => Err("it has no statements".to_owned()),
        }
    }

    /// The policy as JSON.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The statements, in their order.
    pub(crate) fn statements(&self) -> &[Value] {
        match self.value.get("Statement") {
            Some(Value::Array(list)) => list,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
    }

    /// Whether both say the same, in whatever order.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let sorted = |document: &Self| {
            let mut all: Vec<String> = document.statements().iter().map(Value::to_string).collect();
            all.sort();
            all
        };
        let bare = |document: &Self| document.with_statements(Vec::new());
        bare(self) == bare(other) && sorted(self) == sorted(other)
    }

    /// What removing a grant takes out; nothing when the grant is not there.
    pub(crate) fn without(&self, key: &StatementKey) -> Option<Edit> {
        let mut removed = Vec::new();
        let mut kept = Vec::new();
        for (position, statement) in self.statements().iter().enumerate() {
            let Some(part) = key.part_of(statement) else {
                kept.push(statement.clone());
                continue;
            };
            kept.extend(remaining(statement, &part));
            removed.push(Removed {
                position,
                statement: statement.clone(),
                resources: part,
            });
        }
        if removed.is_empty() {
            return None;
        }
        let after = (!kept.is_empty()).then(|| self.with_statements(kept));
        Some(Edit { removed, after })
    }

    /// The policy with removed statements back where they were, as far as that place
    /// is still there.
    pub(crate) fn with(&self, removed: &[Removed]) -> Value {
        let mut statements = self.statements().to_vec();
        for back in removed {
            let rest = remaining(&back.statement, &back.resources);
            let holder = rest.and_then(|rest| {
                statements
                    .iter_mut()
                    .find(|statement| same_but_resources(statement, &rest))
            });
            match holder {
                Some(statement) => add_resources(statement, &back.resources),
                None => {
                    let position = back.position.min(statements.len());
                    statements.insert(position, part(back));
                }
            }
        }
        self.with_statements(statements)
    }

    /// A policy of nothing but removed statements, with the header of this one.
    pub(crate) fn of_only(&self, removed: &[Removed]) -> Value {
        self.with_statements(removed.iter().map(part).collect())
    }

    fn with_statements(&self, statements: Vec<Value>) -> Value {
        let mut value = self.value.clone();
        if let Value::Object(members) = &mut value {
            members.insert("Statement".to_owned(), Value::Array(statements));
        }
        value
    }
}

/// What is left of a statement; nothing when all its resources go.
fn remaining(statement: &Value, out: &[String]) -> Option<Value> {
    let kept: Vec<String> = resources(statement)
        .into_iter()
        .filter(|text| !out.contains(text))
        .collect();
    if out.is_empty() || kept.is_empty() {
        return None;
    }
    let mut statement = statement.clone();
    if let Value::Object(members) = &mut statement {
        members.insert("Resource".to_owned(), json!(kept));
    }
    Some(statement)
}

/// A statement of nothing but what was removed.
fn part(removed: &Removed) -> Value {
    let mut statement = removed.statement.clone();
    if let (Value::Object(members), false) = (&mut statement, removed.resources.is_empty())
        && resources(&removed.statement) != removed.resources
    {
        members.insert("Resource".to_owned(), json!(removed.resources));
    }
    statement
}

fn same_but_resources(one: &Value, other: &Value) -> bool {
    let bare = |statement: &Value| {
        let mut statement = statement.clone();
        let members = statement.as_object_mut()?;
        members.remove("Resource")?;
        Some(statement)
    };
    bare(one).is_some_and(|one| Some(one) == bare(other))
}

fn add_resources(statement: &mut Value, more: &[String]) {
    let mut all = resources(statement);
    all.extend(
        more.iter()
            .filter(|text| !all.contains(text))
            .cloned()
            .collect::<Vec<_>>(),
    );
    if let Value::Object(members) = statement {
        members.insert("Resource".to_owned(), json!(all));
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn document(value: Value) -> Document {
        Document::of(value).unwrap()
    }

    fn statement(resources: &[&str]) -> Value {
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources})
    }

    #[test]
    fn a_plus_in_an_encoded_document_is_a_plus() {
        assert_eq!(
            decoded("%7B%22a+b%22%3A%20%22c%2Bd%22%7D").unwrap(),
            r#"{"a+b": "c+d"}"#
        );
        assert_eq!(decoded(r#"{"a": "100%41"}"#).unwrap(), r#"{"a": "100%41"}"#);
        for bad in ["%7", "%zz", "%ff"] {
            assert!(decoded(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_version_or_element_is_not_understood() {
        for bad in [
            r#"{"Version":"2030-01-01","Statement":[]}"#,
            r#"{"Statement":[],"Grants":[]}"#,
            r#"{"Statement":[],"Statement":[]}"#,
            r#"{"Version":"2012-10-17"}"#,
            "[]",
            "",
        ] {
            assert!(Document::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn resources_are_taken_out_of_a_statement_and_the_rest_stays() {
        let before = document(json!({"Version": "2012-10-17", "Statement": [
            statement(&["other"]), statement(&["a", "b", "c"]),
        ]}));
        let out = ["a".to_owned(), "c".to_owned()];
        let key = StatementKey::of(&before.statements()[1], &out).unwrap();
        let edit = before.without(&key).unwrap();
        let after = document(edit.after.unwrap());
        assert_eq!(
            after.statements(),
            [statement(&["other"]), statement(&["b"])]
        );
        assert_eq!(after.without(&key), None);
        let back = document(after.with(&edit.removed));
        let resources: Vec<_> = back.statements().iter().map(resources).collect();
        assert_eq!(resources.concat().len(), 4, "{resources:?}");
        assert!(back.without(&key).is_some());
    }

    #[test]
    fn a_statement_that_stands_twice_goes_twice_and_comes_back_where_it_was() {
        let before = document(json!({"Statement": [
            statement(&["a"]), statement(&["b"]), statement(&["a"]),
        ]}));
        let key = StatementKey::of(&before.statements()[0], &["a".to_owned()]).unwrap();
        let edit = before.without(&key).unwrap();
        let after = document(edit.after.unwrap());
        assert_eq!(after.statements(), [statement(&["b"])]);
        assert_eq!(
            after.with(&[edit.removed[1].clone()])["Statement"][1],
            statement(&["a"])
        );
    }

    #[test]
    fn nothing_remains_when_the_last_statement_goes() {
        let before = document(json!({"Statement": statement(&["a"])}));
        let key = StatementKey::of(&before.statements()[0], &["a".to_owned()]).unwrap();
        let edit = before.without(&key).unwrap();
        assert_eq!(edit.after, None);
        assert_eq!(
            before.of_only(&edit.removed),
            json!({"Statement": [statement(&["a"])]})
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
            let _ = Document::parse(&text);
        }

        /// Removing and putting back leaves every pair of statement and resource as it was.
        #[test]
        fn what_is_taken_out_and_put_back_grants_the_same(
            lists in proptest::collection::vec(
                (0u8..3, proptest::collection::btree_set("[a-d]", 1..4)), 1..4),
            out in proptest::collection::btree_set("[a-d]", 1..3),
        ) {
            let statements: Vec<Value> = lists.iter().map(|(action, list)| json!({
                "Effect": "Allow", "Action": format!("s3:{action}"), "Resource": list,
            })).collect();
            let pairs = |document: &Document| {
                document.statements().iter().flat_map(|statement| {
                    let action = statement["Action"].to_string();
                    resources(statement).into_iter().map(move |text| (action.clone(), text))
                }).collect::<std::collections::BTreeSet<_>>()
            };
            let before = document(json!({"Statement": statements}));
            let out: Vec<String> = out.into_iter().collect();
            let key = StatementKey::of(&before.statements()[0], &out).unwrap();
            if let Some(edit) = before.without(&key) {
                let back = match edit.after {
                    Some(after) => {
                        let after = document(after);
                        prop_assert_eq!(after.without(&key), None);
                        document(after.with(&edit.removed))
                    }
                    None => document(before.of_only(&edit.removed)),
                };
                prop_assert_eq!(pairs(&back), pairs(&before));
            }
        }
    }
}
