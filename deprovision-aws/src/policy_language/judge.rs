//! What a statement has to do with an API.
//!
//! Longer than most files: more than half of it are the cases that must not look clean.

use serde_json::{Map, Value};

use crate::policy_language::Pattern;
use crate::policy_language::face::Face;
use crate::policy_language::statement::{Effect, Selection, Statement};

/// Where a policy stands, for that decides what its statements can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a user, a group or a role: its resources may be anything.
    Identity,
    /// On something that holds other things than the API's too.
    Shared,
    /// On something that is the API's alone: whoever is let in here, is let in to the API.
    Own,
    /// On a role, to say who may take it.
    Trust,
}

/// What is known of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// What of it names the API and nothing else: a grant.
    pub(crate) naming: Part,
    /// Resources that hold the API among others.
    pub(crate) covering: Vec<String>,
    /// Why it can not be told whether it lets anybody in to the API.
    pub(crate) undecided: Option<String>,
    /// Whether it holds under a condition only.
    pub(crate) conditional: bool,
}

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Nothing,
    Whole,
    /// These of its resources.
    Resources(Vec<String>),
}

impl Judgement {
    /// It has nothing to do with the API.
    const APART: Self = Self {
        naming: Part::Nothing,
        covering: Vec::new(),
        undecided: None,
        conditional: false,
    };

    fn undecided(why: impl Into<String>) -> Self {
        Self {
            undecided: Some(why.into()),
            ..Self::APART
        }
    }

    /// Whether it is certain that it lets nobody in to the API.
    pub(crate) fn is_apart(&self) -> bool {
        self.naming == Part::Nothing && self.covering.is_empty() && self.undecided.is_none()
    }
}

/// Judges a statement of a policy. A `Deny` lets nobody in, and is kept.
pub(crate) fn judge(statement: &Value, place: Place, faces: &[Face]) -> Judgement {
    if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
        return Judgement::APART;
    }
    let read = match Statement::parse(statement) {
        Ok(read) => read,
        Err(why) => return Judgement::undecided(why),
    };
    if read.effect == Effect::Deny {
        return Judgement::APART;
    }
    let mut judgement = match place {
        Place::Own => Judgement {
            naming: Part::Whole,
            ..Judgement::APART
        },
        Place::Trust => Judgement::APART,
        Place::Identity | Place::Shared => by_resources(&read, place, faces),
    };
    if judgement.naming == Part::Nothing {
        match read
            .condition
            .as_ref()
            .map_or(Named::No, |condition| by_condition(condition, faces))
        {
            Named::No => {}
            Named::Alone => {
                judgement = Judgement {
                    naming: Part::Whole,
                    ..Judgement::APART
                }
            }
            Named::Perhaps => {
                judgement = Judgement::undecided("its condition names the API among others");
            }
        }
    }
    judgement.conditional = read.condition.is_some();
    judgement
}

fn by_resources(statement: &Statement, place: Place, faces: &[Face]) -> Judgement {
    let concerned: Vec<&Face> = faces
        .iter()
        .filter(|face| face.is_concern_of(&statement.actions))
        .collect();
    match &statement.resources {
        None if place == Place::Identity => Judgement::undecided("it has no resources"),
        None => Judgement::undecided("it speaks of all that it hangs on"),
        Some(Selection::AllBut(spared)) => {
            let spared: Vec<Pattern> = spared.iter().map(|text| Pattern::new(text)).collect();
            let open = concerned
                .iter()
                .any(|face| !spared.iter().any(|pattern| face.lies_within(pattern)));
            if open {
                Judgement::undecided("it allows everything but some resources (NotResource)")
            } else {
                Judgement::APART
            }
        }
        Some(Selection::Only(resources)) => by_list(resources, statement, &concerned, faces),
    }
}

fn by_list(
    resources: &[String],
    statement: &Statement,
    concerned: &[&Face],
    faces: &[Face],
) -> Judgement {
    let mut judgement = Judgement::APART;
    let mut naming: Vec<String> = Vec::new();
    for text in resources {
        let pattern = Pattern::new(text);
        // Whatever the actions: an API's name in a policy is found by the next reader.
        if faces.iter().any(|face| face.is_named_by(&pattern)) {
            if !naming.contains(text) {
                naming.push(text.clone());
            }
        } else if concerned.iter().any(|face| face.is_touched_by(&pattern)) {
            if text.contains("${") {
                judgement.undecided =
                    Some("a resource holds a variable that may become the API".to_owned());
            } else if matches!(statement.actions, Selection::AllBut(_)) {
                judgement.undecided =
                    Some("it allows everything but some actions (NotAction)".to_owned());
            } else if !judgement.covering.contains(text) {
                judgement.covering.push(text.clone());
            }
        }
    }
    if !naming.is_empty() {
        judgement.naming = Part::Resources(naming);
    }
    judgement
}

enum Named {
    No,
    Alone,
    Perhaps,
}

/// Whether a condition lets in only what comes from the API (`aws:SourceArn`).
fn by_condition(condition: &Map<String, Value>, faces: &[Face]) -> Named {
    let mut named = Named::No;
    for (operator, keys) in condition {
        let operator = operator.to_ascii_lowercase();
        let positive = ["arnequals", "arnlike", "stringequals", "stringlike"];
        let exact = positive.contains(&operator.as_str());
        let loose = !operator.contains("not")
            && positive.iter().any(|positive| operator.contains(positive));
        for (key, values) in keys.as_object().into_iter().flatten() {
            if !key.eq_ignore_ascii_case("aws:SourceArn") || !(exact || loose) {
                continue;
            }
            let values: Vec<Pattern> = match values {
                Value::String(text) => vec![Pattern::new(text)],
                Value::Array(list) => list
                    .iter()
                    .filter_map(Value::as_str)
                    .map(Pattern::new)
                    .collect(),
                _ => Vec::new(),
            };
            let names = |value: &Pattern| faces.iter().any(|face| face.is_named_by(value));
            if exact && !values.is_empty() && values.iter().all(names) {
                return Named::Alone;
            }
            if values.iter().any(names) {
                named = Named::Perhaps;
            }
        }
    }
    named
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abc123/*";

    fn faces() -> Vec<Face> {
        vec![
            Face::named_by("execute-api", API, "arn:*:execute-api:*:*:abc123/*"),
            Face::new("s3", "arn:aws:s3:::orders"),
            Face::new("s3", "arn:aws:s3:::orders/*"),
        ]
    }

    fn of(statement: &Value) -> Judgement {
        judge(statement, Place::Identity, &faces())
    }

    fn allow(action: &str, resource: &Value) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    #[test]
    fn a_statement_that_names_the_api_alone_is_a_grant() {
        for resource in [
            API,
            "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/GET/orders",
            "arn:aws:execute-api:*:*:abc123/*/GET/*",
            "arn:aws:execute-api:eu-central-1:123456789012:abc123/?rod/*",
            "arn:aws:s3:::orders/${aws:username}/*",
        ] {
            let judged = of(&allow("execute-api:Invoke", &json!(resource)));
            assert_eq!(
                judged.naming,
                Part::Resources(vec![resource.to_owned()]),
                "{resource}"
            );
            assert!(
                judged.covering.is_empty() && judged.undecided.is_none(),
                "{resource}"
            );
        }
    }

    #[test]
    fn a_statement_that_names_others_too_is_a_grant_in_part() {
        let judged = of(&allow(
            "s3:*",
            &json!([
                "arn:aws:s3:::orders",
                "arn:aws:s3:::bills",
                "arn:aws:s3:::o*"
            ]),
        ));
        assert_eq!(
            judged.naming,
            Part::Resources(vec!["arn:aws:s3:::orders".to_owned()])
        );
        assert_eq!(judged.covering, ["arn:aws:s3:::o*"]);
    }

    /// Each of these lets somebody in, and a reader that looks for the ARN finds nothing.
    #[test]
    fn what_covers_the_api_is_never_clean() {
        for statement in [
            allow("*", &json!("*")),
            allow("execute-api:*", &json!("*")),
            allow("Execute-API:Invoke", &json!("arn:aws:execute-api:*")),
            allow("execute-api:Invoke", &json!("arn:aws:execute-api:*:*:*")),
            allow(
                "execute-api:Invoke",
                &json!("arn:aws:execute-api:eu-central-1:123456789012:abc12?/*"),
            ),
            allow("e*", &json!("arn:aws:execute-api:eu-?entral-1:*:a*/prod/*")),
            allow(
                "s3:GetObject",
                &json!("arn:aws:s3:::${aws:PrincipalTag/bucket}/*"),
            ),
            json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::bills/*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::orders/*"}),
            json!({"Effect": "Allow", "Action": "s3:*"}),
            json!({"Effect": "allow", "Action": "s3:*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::x", "Else": 1}),
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": {"x": 1}}),
            json!("Allow"),
            json!({}),
        ] {
            let judged = of(&statement);
            assert!(!judged.is_apart(), "{statement}");
            assert_eq!(judged.naming, Part::Nothing, "{statement}");
        }
    }

    #[test]
    fn what_has_nothing_to_do_with_the_api_is_apart() {
        for statement in [
            allow("iam:*", &json!("*")),
            allow("s3:*", &json!("arn:aws:s3:::bills/*")),
            allow(
                "s3:*",
                &json!([
                    "arn:aws:s3:::orders-archive",
                    "arn:aws:s3:::orders-archive/*"
                ]),
            ),
            allow(
                "execute-api:*",
                &json!("arn:aws:execute-api:eu-west-1:123456789012:abc123/*"),
            ),
            json!({"Effect": "Deny", "Action": "*", "Resource": "*"}),
            json!({"Effect": "Deny", "NotAction": "*", "Unknown": "*"}),
            json!({"Effect": "Allow", "NotAction": ["s3:*", "execute-api:*"], "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::orders*"]}),
        ] {
            assert!(
                of(&statement).is_apart(),
                "{statement} {:?}",
                of(&statement)
            );
        }
    }

    #[test]
    fn a_condition_makes_a_grant_no_less_a_grant() {
        let mut statement = allow("s3:*", &json!("arn:aws:s3:::orders"));
        statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
        let judged = of(&statement);
        assert!(judged.conditional && judged.naming != Part::Nothing);
    }

    #[test]
    fn whoever_is_let_in_to_what_is_the_apis_alone_is_let_in_to_the_api() {
        for principal in [
            json!("*"),
            json!({"AWS": "*"}),
            json!({"Service": "x.amazonaws.com"}),
        ] {
            let mut statement = allow("s3:*", &json!("arn:aws:s3:::orders/*"));
            statement["Principal"] = principal;
            let judged = judge(&statement, Place::Own, &faces());
            assert_eq!(judged.naming, Part::Whole);
        }
        let but = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "*", "NotResource": "y"});
        assert_eq!(judge(&but, Place::Own, &faces()).naming, Part::Whole);
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
        assert!(judge(&deny, Place::Own, &faces()).is_apart());
    }

    #[test]
    fn a_trust_for_the_api_alone_is_a_grant_and_one_among_others_is_not_decided() {
        let trust = |operator: &str, arns: Value| {
            json!({"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "sts:AssumeRole", "Condition": {operator: {"AWS:SourceArn": arns}}})
        };
        let judged = |statement| judge(&statement, Place::Trust, &faces());
        assert_eq!(judged(trust("ArnLike", json!(API))).naming, Part::Whole);
        assert!(
            judged(trust("ArnLike", json!([API, "arn:aws:sns:*"])))
                .undecided
                .is_some()
        );
        assert!(
            judged(trust("ArnLikeIfExists", json!(API)))
                .undecided
                .is_some()
        );
        assert!(judged(trust("ArnNotLike", json!(API))).is_apart());
        assert!(judged(trust("ArnLike", json!("arn:aws:sns:*"))).is_apart());
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            prop::sample::select(vec![
                "Allow",
                "Deny",
                "*",
                "s3:*",
                "arn:aws:s3:::orders",
                "${x",
                "?"
            ])
            .prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            let names = prop::sample::select(vec![
                "Effect",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Principal",
                "Condition",
                "ArnLike",
                "aws:SourceArn",
                "Statement",
                "x",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_makes_the_judge_panic(value in anything()) {
            for place in [Place::Identity, Place::Shared, Place::Own, Place::Trust] {
                let _ = judge(&value, place, &faces());
            }
        }

        /// The one property that must hold: who is really let in is never said to be apart.
        #[test]
        fn a_statement_that_lets_in_is_never_apart(
            action in prop::sample::select(vec!["*", "s3:*", "S3:GetObject", "s3:Get*", "?3:*", "iam:*"]),
            resource in "(arn:aws:s3:::)?[orders/x*?]{1,9}",
            key in prop::sample::select(vec!["orders", "orders/x", "orders/xx/s"]),
        ) {
            let target = format!("arn:aws:s3:::{key}");
            let lets_in = Pattern::of_actions(action).overlaps(&Pattern::new("s3:getobject"))
                && Pattern::new(&resource).overlaps(&Pattern::new(&target));
            let judged = of(&allow(action, &json!([resource])));
            prop_assert!(!(lets_in && judged.is_apart()), "{} {} {}", action, resource, target);
        }
    }
}
