//! The statement that keeps everybody from reading a secret.

use serde_json::{Value, json};

/// How it is known again.
const SID: &str = "DeprovisionDisabled";

/// A resource policy that is not the one of a secret's owner any more, or of which
/// nothing is left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Changed {
    /// It is already so.
    Not,
    /// It says this now.
    To(Value),
    /// It says nothing any more.
    Away,
}

fn statement() -> Value {
    json!({
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    })
}

/// Whether a policy has the statement, whole.
pub(super) fn is_denied(policy: Option<&Value>) -> bool {
    statements(policy).contains(&statement())
}

/// The policy with the statement; `None` when it is no policy.
pub(super) fn deny(policy: Option<&Value>) -> Option<Changed> {
    if is_denied(policy) {
        return Some(Changed::Not);
    }
    let mut kept = without(policy);
    kept.push(statement());
    with(policy, kept)
}

/// The policy without the statement; `None` when it is no policy.
pub(super) fn allow(policy: Option<&Value>) -> Option<Changed> {
    let kept = without(policy);
    if kept.len() == statements(policy).len() {
        Some(Changed::Not)
    } else if kept.is_empty() {
        Some(Changed::Away)
    } else {
        with(policy, kept)
    }
}

fn with(policy: Option<&Value>, statements: Vec<Value>) -> Option<Changed> {
    let mut policy = match policy {
        Some(policy) => policy.as_object()?.clone(),
        None => json!({ "Version": "2012-10-17" }).as_object()?.clone(),
    };
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Some(Changed::To(Value::Object(policy)))
}

fn without(policy: Option<&Value>) -> Vec<Value> {
    let mut statements = statements(policy);
    statements.retain(|statement| statement.get("Sid").and_then(Value::as_str) != Some(SID));
    statements
}

/// A policy may have one statement in place of a list of them.
fn statements(policy: Option<&Value>) -> Vec<Value> {
    match policy.and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn any_policy() -> impl Strategy<Value = Option<Value>> {
        let statement = "[A-Z][a-z]{0,8}"
            .prop_map(|sid| json!({ "Sid": sid, "Effect": "Allow", "Principal": "*" }));
        let list = prop::collection::vec(statement, 1..4)
            .prop_map(|all| json!({ "Version": "2012-10-17", "Id": "owner", "Statement": all }));
        prop::option::of(list)
    }

    proptest! {
        #[test]
        fn what_is_denied_and_allowed_again_says_what_it_said(policy in any_policy()) {
            let Some(Changed::To(denied)) = deny(policy.as_ref()) else {
                panic!("it changes");
            };
            prop_assert!(is_denied(Some(&denied)) && !is_denied(policy.as_ref()));
            prop_assert_eq!(deny(Some(&denied)), Some(Changed::Not));
            let expected = match &policy {
                Some(policy) => Changed::To(policy.clone()),
                None => Changed::Away,
            };
            prop_assert_eq!(allow(Some(&denied)), Some(expected));
            prop_assert_eq!(allow(policy.as_ref()), Some(Changed::Not));
        }
    }

    #[test]
    fn a_weakened_statement_is_not_taken_for_it_and_is_replaced() {
        let weak = json!({ "Version": "2012-10-17", "Statement": {
            "Sid": SID, "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
        }});
        assert!(!is_denied(Some(&weak)));
        let Some(Changed::To(denied)) = deny(Some(&weak)) else {
            panic!("it changes");
        };
        assert_eq!(statements(Some(&denied)), [statement()]);
        assert_eq!(deny(Some(&json!("nonsense"))), None);
    }
}
