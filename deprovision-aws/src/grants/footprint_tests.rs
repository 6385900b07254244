//! What may be a footprint, and what it names.

use super::*;
use crate::policy_language::{Part, Place, judge};
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use serde_json::json;

fn scope() -> Scope {
    Scope::new("123456789012", "eu-central-1").unwrap()
}

fn names(footprint: &Footprint, resource: &str) -> bool {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    judge(&statement, Place::Identity, footprint.faces()).naming != Part::Nothing
}

fn touches(footprint: &Footprint, resource: &str) -> bool {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    !judge(&statement, Place::Identity, footprint.faces()).is_apart()
}

#[test]
fn an_api_of_the_catalog_is_its_stages_buckets_and_secrets() {
    let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
    assert!(matches!(
        Footprint::of(&api, &scope()),
        Err(FootprintError::Nothing(_))
    ));
    let at = "123456789012:eu-central-1";
    api.resources.access_paths = vec![
        format!("aws-apigateway:{at}:rest/abc123").parse().unwrap(),
        format!("aws-apigateway:{at}:http/def456/prod")
            .parse()
            .unwrap(),
        "gateway:x:y:rest/zzz".parse().unwrap(),
    ];
    api.resources.datasets = vec![format!("aws-s3:{at}:lake/orders/").parse().unwrap()];
    api.resources.credentials = vec![
        format!("aws-secretsmanager:{at}:orders/key")
            .parse()
            .unwrap(),
    ];
    let orders = Footprint::of(&api, &scope()).unwrap();
    for named in [
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/*",
        "arn:aws:execute-api:eu-central-1:123456789012:def456/prod/GET/x",
        "arn:aws:apigateway:eu-central-1::/restapis/abc123/stages/prod",
        "arn:aws:s3:::lake/orders/2024/*",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders/key-AbCdEf",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123",
    ] {
        assert!(names(&orders, named), "{named}");
    }
    for only_touched in [
        "arn:aws:execute-api:eu-central-1:123456789012:def456/*",
        "arn:aws:s3:::lake/*",
        "arn:aws:s3:::lake",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders/key-*",
        "arn:aws:apigateway:*::/restapis/*",
    ] {
        assert!(
            !names(&orders, only_touched) && touches(&orders, only_touched),
            "{only_touched}"
        );
    }
    for apart in [
        "arn:aws:execute-api:eu-central-1:123456789012:def456/test/*",
        "arn:aws:s3:::lake/bills/*",
        "arn:aws:execute-api:eu-central-1:123456789012:zzz/*",
    ] {
        assert!(!touches(&orders, apart), "{apart}");
    }
    assert_eq!(orders.homes().len(), 3);
    api.resources.access_paths = vec![format!("aws-apigateway:{at}:soap/abc").parse().unwrap()];
    assert!(matches!(
        Footprint::of(&api, &scope()),
        Err(FootprintError::Reference(_))
    ));
}

#[test]
fn a_footprint_that_would_match_everything_of_a_kind_is_an_error() {
    let empty = Footprint::empty;
    for id in ["", "*", "a*", "a/b", "a:b"] {
        assert!(empty().rest_api(&scope(), id, None).is_err(), "{id}");
        assert!(empty().http_api(&scope(), id, None).is_err(), "{id}");
    }
    assert!(empty().rest_api(&scope(), "abc", Some("*")).is_err());
    assert!(empty().bucket(&scope(), "b*b", None).is_err());
    assert!(empty().bucket(&scope(), "bucket", Some("*")).is_err());
    assert!(empty().function(&scope(), "*").is_err());
    assert!(empty().secret(&scope(), "*").is_err());
    assert!(
        empty()
            .secret(
                &scope(),
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf"
            )
            .is_err()
    );
    for pattern in [
        "*",
        "arn:*",
        "arn:aws:*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/x",
        "arn:aws:dynamodb:*:*:table/*",
        "arn:aws:dynamodb:*:*:t*",
        "arn:aws:apigateway:eu-central-1::/restapis/*",
        "arn:*:sqs:a:b:orders",
        "arn:aws:sqs:eu-central-1:123456789012:${x}",
        "arn:aws:sqs:eu-central-1:123456789012:",
        "arn:aws:sqs:eu-central-1:123456789012:??????",
    ] {
        assert!(empty().in_identity_policies(pattern).is_err(), "{pattern}");
    }
    for pattern in [
        "arn:aws:sqs:eu-central-1:123456789012:orders",
        "arn:aws:dynamodb:eu-central-1:123456789012:table/orders*",
        "arn:aws:sns:eu-central-1:123456789012:orders-*",
    ] {
        assert!(empty().in_identity_policies(pattern).is_ok(), "{pattern}");
    }
}

#[test]
fn a_name_of_a_secret_is_found_with_any_end_and_a_longer_name_is_another_secret() {
    let orders = Footprint::empty().secret(&scope(), "orders").unwrap();
    let arn = |end: &str| format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:{end}");
    assert!(names(&orders, &arn("orders-??????")));
    assert!(names(&orders, &arn("orders")));
    assert!(!names(&orders, &arn("orders*")) && touches(&orders, &arn("orders*")));
    assert!(!touches(&orders, &arn("orders-archive-AbCdEf")));
}
