//! The resource policy of a REST API: ours are the statements whose Sid says so, and
//! everything else stays as it is.

use deprovision_core::provider::ProviderError;
use deprovision_core::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::invalid;
use crate::scope::Scope;

/// How the Sids of our statements begin. A Sid is letters and digits.
const OURS: &str = "Deprovision";
const DENY: &str = "DeprovisionDenySince";
const ALLOW: &str = "DeprovisionAllowSince";
/// Every stage, method and path. AWS writes it out as the ARN of the API.
const EVERYTHING: &str = "execute-api:/*";

/// A resource policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Policy {
    document: Option<Map<String, Value>>,
}

/// What our statements say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denial {
    /// When the first of them was written, in seconds since 1970.
    pub(super) since: i64,
    /// When it ends by itself, in seconds since 1970.
    pub(super) until: Option<i64>,
    /// The resource, when AWS wrote it out.
    resource: String,
    /// Whether it comes with a statement that allows everything: without one, a policy
    /// that only denies would let nobody in when the denial is over.
    pub(super) allows: bool,
}

impl Policy {
    /// Reads what AWS gives. It gives the document with quotes and slashes escaped once
    /// more than JSON would have them.
    pub(super) fn parse(operation: &str, text: Option<&str>) -> Result<Self, ProviderError> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let Some(text) = text else {
            return Ok(Self { document: None });
        };
        let read = serde_json::from_str::<Value>(text).or_else(|_| {
            serde_json::from_str::<String>(&format!("\"{text}\""))
                .and_then(|text| serde_json::from_str(&text))
        });
        match read {
            Ok(Value::Object(document)) => Ok(Self {
                document: Some(document),
            }),
            Ok(_) | Err(_) => Err(invalid(
                operation,
                "the API's resource policy can not be read; look at it in the console",
            )),
        }
    }

    /// The document for AWS; empty when there is none, which removes it.
    pub(super) fn write(&self) -> String {
        let document = self.document.clone().map(Value::Object);
        document.map_or_else(String::new, |document| document.to_string())
    }

    /// Whether somebody else wrote statements.
    pub(super) fn has_others(&self) -> bool {
        self.statements()
            .iter()
            .any(|statement| !is_ours(statement))
    }

    /// What our statements say, if there are any.
    pub(super) fn denial(&self) -> Option<Denial> {
        let statements = self.statements();
        let since = |statement: &Value, prefix: &str| -> Option<i64> {
            sid(statement)?.strip_prefix(prefix)?.parse().ok()
        };
        let deny = statements.iter().find(|it| since(it, DENY).is_some())?;
        let until = deny
            .pointer("/Condition/DateLessThan/aws:CurrentTime")
            .and_then(Value::as_str);
        // A condition of ours that can not be read is no denial to rely on.
        let until = match (until, deny.get("Condition")) {
            (Some(text), _) => Some(text.parse::<Timestamp>().ok()?.as_second()),
            (None, Some(_)) => return None,
            (None, None) => None,
        };
        Some(Denial {
            since: since(deny, DENY)?,
            until,
            resource: deny.get("Resource").and_then(Value::as_str)?.to_owned(),
            allows: statements.iter().any(|it| since(it, ALLOW).is_some()),
        })
        .filter(|_| is_whole(deny))
    }

    /// Whether a statement of ours is there, whole or broken.
    pub(super) fn has_ours(&self) -> bool {
        self.statements().iter().any(is_ours)
    }

    /// The policy without our statements: what it was before.
    pub(super) fn without_ours(&self) -> Self {
        let others: Vec<Value> = self
            .statements()
            .into_iter()
            .filter(|statement| !is_ours(statement))
            .collect();
        let document = self.document.clone().and_then(|mut document| {
            if !self.has_ours() {
                return Some(document);
            }
            if others.is_empty() {
                return None;
            }
            document.insert("Statement".to_owned(), Value::Array(others));
            Some(document)
        });
        Self { document }
    }

    /// The policy with our statements beside those of others. `allows` lets everybody
    /// in who is not denied, and is only for an API that has no policy of its own.
    pub(super) fn denying(&self, since: i64, until: Option<Timestamp>, allows: bool) -> Self {
        let mut document = self
            .without_ours()
            .document
            .unwrap_or_else(|| Map::from_iter([("Version".to_owned(), Value::from("2012-10-17"))]));
        let statement = |sid: &str, effect: &str| {
            json!({
                "Sid": format!("{sid}{since}"),
                "Effect": effect,
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": EVERYTHING,
            })
        };
        let mut deny = statement(DENY, "Deny");
        if let (Some(until), Some(members)) = (until, deny.as_object_mut()) {
            // Whole seconds, and never later than it was said.
            let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let condition = json!({ "DateLessThan": { "aws:CurrentTime": until } });
            members.insert("Condition".to_owned(), condition);
        }
        let mut statements = self.without_ours().statements();
        statements.push(deny);
        if allows {
            statements.push(statement(ALLOW, "Allow"));
        }
        document.insert("Statement".to_owned(), Value::Array(statements));
        Self {
            document: Some(document),
        }
    }

    /// One statement may stand without the brackets of a list.
    fn statements(&self) -> Vec<Value> {
        let statement = self
            .document
            .as_ref()
            .and_then(|document| document.get("Statement"));
        match statement {
            Some(Value::Array(statements)) => statements.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        }
    }
}

impl Denial {
    /// Whether it denies this API and not another one.
    pub(super) fn is_of(&self, scope: &Scope, api: &str) -> bool {
        self.resource == EVERYTHING
            || self.resource == scope.arn("execute-api", &format!("{api}/*"))
    }
}

fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str)
}

fn is_ours(statement: &Value) -> bool {
    sid(statement).is_some_and(|sid| sid.starts_with(OURS))
}

/// Whether a denial is as we write it. Somebody may have edited it under our Sid.
fn is_whole(deny: &Value) -> bool {
    let is = |name: &str, wanted: &[&str]| {
        deny.get(name)
            .and_then(Value::as_str)
            .is_some_and(|value| wanted.contains(&value))
    };
    let everybody = is("Principal", &["*"])
        || deny.pointer("/Principal/AWS").and_then(Value::as_str) == Some("*");
    let narrowed = match deny.get("Condition") {
        None => false,
        Some(condition) => {
            condition.as_object().is_none_or(|kinds| kinds.len() != 1)
                || condition
                    .get("DateLessThan")
                    .and_then(Value::as_object)
                    .is_none_or(|keys| keys.len() != 1)
        }
    };
    is("Effect", &["Deny"]) && is("Action", &["execute-api:Invoke"]) && everybody && !narrowed
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    /// As AWS answered GetRestApis (recorded by Cloud Custodian).
    const OF_AWS: &str = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:eu-west-1:123456654321:6l7usy5kjh\/*\/*\/*\",\"Condition\":{\"StringEquals\":{\"aws:sourceVpc\":\"vpc-011b11111fb2a6b11\"}}}]}"#;

    fn parse(text: &str) -> Policy {
        Policy::parse("look", Some(text)).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_policy_of_somebody_else_is_read_as_aws_gives_it_and_kept() {
        let theirs = parse(OF_AWS);
        assert!(theirs.has_others() && !theirs.has_ours());
        let closed = theirs.denying(7, None, false);
        assert_eq!(closed.statements().len(), 2);
        assert_eq!(parse(&closed.write()).without_ours(), theirs);
    }

    #[test]
    fn an_api_without_a_policy_has_none_again() {
        let none = Policy::parse("look", None).unwrap();
        let browned_out = none.denying(7, Some(at(100)), true);
        let read = parse(&browned_out.write());
        let denial = read.denial().unwrap();
        assert_eq!(
            (denial.since, denial.until, denial.allows),
            (7, Some(100), true)
        );
        assert_eq!(read.without_ours().write(), "");
        assert!(Policy::parse("look", Some("")).unwrap().write().is_empty());
    }

    #[test]
    fn a_brown_out_ends_with_the_second_it_was_said_to_end_in() {
        let late: Timestamp = "2027-01-01T00:00:00.999Z".parse().unwrap();
        let none = Policy::parse("look", None).unwrap();
        let denial = none.denying(7, Some(late), true).denial().unwrap();
        assert_eq!(denial.until, Some(late.as_second()));
    }

    #[test]
    fn a_denial_that_was_edited_is_none() {
        let whole = Policy::parse("look", None).unwrap().denying(7, None, false);
        assert!(whole.denial().is_some());
        for (from, to) in [
            ("\"Deny\"", "\"Allow\""),
            ("execute-api:Invoke", "execute-api:InvalidateCache"),
            ("\"Principal\":\"*\"", "\"Principal\":{\"AWS\":\"1\"}"),
            (
                "\"Effect\"",
                "\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"1.2.3.4\"}},\"Effect\"",
            ),
        ] {
            let edited = whole.write().replace(from, to);
            assert_ne!(edited, whole.write(), "{from}");
            let edited = parse(&edited);
            assert_eq!(edited.denial(), None, "{from}");
            assert!(edited.has_ours());
        }
    }

    #[test]
    fn a_denial_of_another_api_or_account_is_seen() {
        let scope = Scope::new("123456789012", "eu-west-1").unwrap();
        let written_out = |resource: &str| {
            let policy = Policy::parse("look", None).unwrap().denying(7, None, false);
            parse(&policy.write().replace(EVERYTHING, resource))
                .denial()
                .unwrap()
        };
        let ours = written_out("arn:aws:execute-api:eu-west-1:123456789012:abc/*");
        assert!(ours.is_of(&scope, "abc"));
        assert!(!ours.is_of(&scope, "abd"));
        let other = written_out("arn:aws:execute-api:eu-west-1:123456789013:abc/*");
        assert!(!other.is_of(&scope, "abc"));
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        for bad in ["nonsense", "[]", "{", "\"a\""] {
            assert!(Policy::parse("look", Some(bad)).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _no_panic = Policy::parse("look", Some(&text));
        }
    }
}
