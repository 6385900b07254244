//! One statement of a policy.

use deprovision_core::digest::Digest;
use serde_json::{Map, Value};

use crate::policy_language::Pattern;

/// What a digest of a statement is of.
const STATEMENT: &str = "deprovision-aws/statement/v1";
/// What a digest of a resource of a statement is of.
const RESOURCE: &str = "deprovision-aws/statement-resource/v1";
/// The most resources of one statement that one grant stands for: the name of a grant
/// has room for so many digests.
pub(crate) const MAX_RESOURCES: usize = 16;

/// A statement that is understood.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) actions: Selection,
    /// None in a policy that speaks of the one thing that it hangs on.
    pub(crate) resources: Option<Selection>,
    pub(crate) condition: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug)]
pub(crate) enum Selection {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

impl Statement {
    /// Reads a statement, or says what is not understood. The text repeats nothing but
    /// names of elements.
    pub(crate) fn parse(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else {
            return Err("a statement is no object".to_owned());
        };
        let effect = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err("its effect is neither Allow nor Deny".to_owned()),
        };
        for name in members.keys() {
            if !ELEMENTS.contains(&name.as_str()) {
                let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(format!("its element {name:?} is not known"));
            }
        }
        if members.contains_key("Principal") && members.contains_key("NotPrincipal") {
            return Err("it has both Principal and NotPrincipal".to_owned());
        }
        let actions = selection(members, "Action", "NotAction")?
            .ok_or_else(|| "it has no actions".to_owned())?;
        let resources = selection(members, "Resource", "NotResource")?;
        let condition = match members.get("Condition") {
            None => None,
            Some(Value::Object(condition)) => Some(condition.clone()),
            Some(_) => return Err("its condition is no object".to_owned()),
        };
        Ok(Self {
            effect,
            actions,
            resources,
            condition,
        })
    }
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

fn selection(
    members: &Map<String, Value>,
    only: &str,
    but: &str,
) -> Result<Option<Selection>, String> {
    match (members.get(only), members.get(but)) {
        (Some(_), Some(_)) => Err(format!("it has both {only} and {but}")),
        (None, None) => Ok(None),
        (Some(value), None) => Ok(Some(Selection::Only(texts(value, only)?))),
        (None, Some(value)) => Ok(Some(Selection::AllBut(texts(value, but)?))),
    }
}

fn texts(value: &Value, element: &str) -> Result<Vec<String>, String> {
    let list = match value {
        Value::String(text) => return Ok(vec![text.clone()]),
        Value::Array(list) => list,
        _ => return Err(format!("its {element} is neither a text nor a list")),
    };
    list.iter()
        .map(|text| text.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| format!("its {element} is no list of texts"))
}

impl Selection {
    /// Whether an action of one of these namespaces (`s3`) may be among them.
    pub(crate) fn concerns(&self, namespace: &str) -> bool {
        let all = Pattern::of_actions(&format!("{namespace}:*"));
        match self {
            Self::Only(actions) => actions
                .iter()
                .any(|action| Pattern::of_actions(action).overlaps(&all)),
            Self::AllBut(actions) => !actions
                .iter()
                .any(|action| all.lies_within(&Pattern::of_actions(action))),
        }
    }
}

/// What pins a statement, or some of its resources: all of the statement but its
/// `Resource`, and each of these resources.
///
/// Statements need no `Sid`, so a digest is their name. A statement that is changed in
/// any other way than by its other resources is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StatementKey {
    rest: String,
    resources: Vec<String>,
}

impl StatementKey {
    /// The key of a whole statement, or of some of the resources of one.
    pub(crate) fn of(statement: &Value, resources: &[String]) -> Option<Self> {
        let mut tags = resources
            .iter()
            .map(|text| tag(text))
            .collect::<Option<Vec<_>>>()?;
        tags.sort();
        tags.dedup();
        (tags.len() <= MAX_RESOURCES).then_some(())?;
        let rest = rest(statement, resources.is_empty())?;
        Some(Self {
            rest,
            resources: tags,
        })
    }

    /// Reads what `Display` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hex = |part: &str, length: usize| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let mut parts = text.split('.');
        let rest = parts.next().filter(|part| hex(part, 32))?.to_owned();
        let resources: Vec<String> = parts.map(str::to_owned).collect();
        let sorted = resources.is_sorted() && resources.len() <= MAX_RESOURCES;
        (sorted && resources.iter().all(|part| hex(part, 16))).then_some(Self { rest, resources })
    }

    /// Which part of a statement it pins: `None` for nothing of it, no resources for all
    /// of it, else the resources that are (still) in it.
    pub(crate) fn part_of(&self, statement: &Value) -> Option<Vec<String>> {
        if rest(statement, self.resources.is_empty()).as_ref() != Some(&self.rest) {
            return None;
        }
        if self.resources.is_empty() {
            return Some(Vec::new());
        }
        let there: Vec<String> = resources(statement)
            .into_iter()
            .filter(|text| tag(text).is_some_and(|tag| self.resources.contains(&tag)))
            .collect();
        (!there.is_empty()).then_some(there)
    }
}

impl std::fmt::Display for StatementKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.rest)?;
        for resource in &self.resources {
            write!(f, ".{resource}")?;
        }
        Ok(())
    }
}

/// The texts under `Resource`.
pub(crate) fn resources(statement: &Value) -> Vec<String> {
    match statement.get("Resource") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn rest(statement: &Value, whole: bool) -> Option<String> {
    let Value::Object(members) = statement else {
        return None;
    };
    let mut members = members.clone();
    if !whole {
        // Its place stays: a statement without resources is another one.
        members.insert("Resource".to_owned(), Value::Null);
    }
    digest(STATEMENT, &Value::Object(members), 32)
}

fn tag(resource: &str) -> Option<String> {
    digest(RESOURCE, &Value::from(resource), 16)
}

fn digest(domain: &str, value: &Value, digits: usize) -> Option<String> {
    let hex = Digest::of_value(domain, value).ok()?.to_hex();
    hex.get(..digits).map(str::to_owned)
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn actions_are_compared_without_case_and_by_wildcards() {
        let only = |text: &str| Selection::Only(vec![text.to_owned()]);
        for concerned in [
            "*",
            "EXECUTE-API:invoke",
            "execute-api:*",
            "e*:I?voke",
            "execute-?pi:x",
        ] {
            assert!(only(concerned).concerns("execute-api"), "{concerned}");
        }
        for apart in ["s3:*", "execute-apis:*", "execute-api"] {
            assert!(!only(apart).concerns("execute-api"), "{apart}");
        }
        let but = |text: &str| Selection::AllBut(vec![text.to_owned()]);
        assert!(but("iam:*").concerns("s3"));
        assert!(but("s3:Get*").concerns("s3"));
        assert!(!but("S3:*").concerns("s3"));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let good = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        assert!(Statement::parse(&good).is_ok());
        for (name, value) in [
            ("Effect", json!("allow")),
            ("resource", json!("*")),
            ("NotResource", json!("*")),
            ("NotAction", json!([])),
            ("Action", json!([])),
            ("Action", json!({})),
            ("Resource", json!([1])),
            ("Condition", json!([])),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert!(Statement::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_pins_resources_whatever_others_stand_beside_them() {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": ["a", "b", "c"]});
        let key = StatementKey::of(&statement, &["b".to_owned()]).unwrap();
        assert_eq!(StatementKey::parse(&key.to_string()), Some(key.clone()));
        assert_eq!(key.part_of(&statement), Some(vec!["b".to_owned()]));
        let fewer = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "b"});
        assert_eq!(key.part_of(&fewer), Some(vec!["b".to_owned()]));
        let none = json!({"Effect": "Allow", "Action": "s3:*", "Resource": ["a", "c"]});
        assert_eq!(key.part_of(&none), None);
        let other = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "b"});
        assert_eq!(key.part_of(&other), None);
    }

    #[test]
    fn a_key_of_a_whole_statement_pins_all_of_it() {
        let statement =
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "a"});
        let key = StatementKey::of(&statement, &[]).unwrap();
        assert_eq!(key.part_of(&statement), Some(vec![]));
        let mut changed = statement.clone();
        changed["Resource"] = json!("b");
        assert_eq!(key.part_of(&changed), None);
        for bad in [
            "",
            "x",
            "00",
            "0123456789abcdef0123456789abcdeF",
            "0123456789abcdef0123456789abcdef.",
            "0123456789abcdef0123456789abcdef.1",
        ] {
            assert_eq!(StatementKey::parse(bad), None, "{bad}");
        }
    }
}
