//! HTTP APIs: the suite of core, and what it does not ask.

use std::collections::BTreeSet;

use deprovision_aws::NeededPolicy;
use deprovision_core::conformance::{Reply, access_path};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ErrorKind, GoneNotice, Outcome, PathState,
};
use deprovision_core::resource::AccessPathId;

use super::http_runtime::HttpRequest;
use super::http_shop::{HttpShop, LIVE, ORIGIN, REVOKED, identity};
use crate::world::REGION;

const OPEN: PathState = PathState::Open { notice: None };

fn closed(successor: &str) -> PathState {
    let mut notice = GoneNotice::new("Orders");
    notice.successor = Some(format!("https://api.example.com/{successor}"));
    PathState::Closed { notice }
}

/// Every call of the shop's API by everybody, and the preflight of its page.
async fn replies(shop: &HttpShop) -> Vec<Reply> {
    let mut replies = Vec::new();
    for (verb, path, asks_for) in [
        ("GET", "/orders", None),
        ("POST", "/orders", None),
        ("GET", "/orders/7", None),
        ("DELETE", "/nothing/here", None),
        ("OPTIONS", "/orders", None),
        ("OPTIONS", "/orders", Some("POST")),
    ] {
        for token in [None, Some(LIVE), Some(REVOKED)] {
            for origin in [None, Some(ORIGIN), Some("https://other.example.com")] {
                let request = HttpRequest {
                    verb,
                    path,
                    identity: token.map(identity),
                    origin,
                    asks_for,
                };
                replies.push(shop.request(&shop.api, request).await);
            }
        }
    }
    replies
}

fn is_gone(reply: &Reply) -> bool {
    reply.status == 410 && reply.headers["content-type"] == ["application/problem+json"]
}

#[tokio::test]
async fn i_5_an_http_api_keeps_the_promises_of_the_port_as_aws_documents_it() {
    let shop = HttpShop::open_again().await;
    shop.configure_cors(&[ORIGIN]).await;
    let cases = access_path(&shop).await.unwrap();
    assert_eq!(cases, 9);
}

#[tokio::test]
async fn i_5_a_closed_http_api_answers_410_whatever_is_called_and_to_preflights_too() {
    for origins in [None, Some([ORIGIN])] {
        let shop = HttpShop::open_again().await;
        if let Some(origins) = &origins {
            shop.configure_cors(origins).await;
        }
        let (before, cors) = (replies(&shop).await, shop.cors().await);
        assert!(before.iter().all(|reply| !is_gone(reply)));
        let answered = before.iter().any(|reply| reply.status == 204);
        assert_eq!(
            answered,
            origins.is_some(),
            "API Gateway answers preflights"
        );
        for state in [closed("v2"), closed("v3")] {
            shop.set(&state).await;
            assert_eq!(shop.seen().await, Some(state));
            for reply in replies(&shop).await {
                assert!(is_gone(&reply), "{reply:?}");
                // What it sends is for the pages to read: nothing of ours is in its way.
                assert_eq!(reply.headers["access-control-allow-origin"], ["*"]);
            }
        }
        shop.set(&OPEN).await;
        assert_eq!(shop.cors().await, cors);
        assert_eq!(replies(&shop).await, before);
    }
}

#[tokio::test]
async fn i_5_an_api_whose_cors_somebody_configured_again_is_not_closed() {
    let shop = HttpShop::open_again().await;
    shop.configure_cors(&[ORIGIN]).await;
    shop.set(&closed("v2")).await;
    shop.configure_cors(&["https://newer.example.com"]).await;
    let newer = shop.cors().await;
    assert_eq!(shop.seen().await, None);
    shop.set(&closed("v2")).await;
    assert_eq!(shop.seen().await, Some(closed("v2")));
    shop.set(&OPEN).await;
    assert_eq!(shop.cors().await, newer, "what is newer is put back");
    assert_eq!(shop.integrations().await, 3, "nothing of ours is left");
}

#[tokio::test]
async fn a_cors_configuration_that_can_not_be_kept_is_refused_before_anything_is_written() {
    let shop = HttpShop::open_again().await;
    let origins: Vec<String> = (0..60)
        .map(|number| format!("https://shop-{number}.example.com"))
        .collect();
    let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
    shop.configure_cors(&origins).await;
    shop.recorder.take();
    let permit = shop.permits.permit().await.unwrap();
    let set = shop.gateway.set(&shop.id(), &closed("v2"), &permit).await;
    let error = set.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("CORS"), "{error}");
    let sent = shop.recorder.operations();
    assert!(sent.iter().all(|it| it.starts_with("Get")), "{sent:?}");
}

/// Whether the policy allows what was sent, and nothing that was not.
fn is_what_was_sent(policy: &NeededPolicy, shop: &HttpShop, task: &str) {
    let sent: BTreeSet<(String, String)> = shop
        .recorder
        .requests()
        .into_iter()
        .map(|(method, path)| {
            let path = path.strip_prefix("/v2").unwrap().to_owned();
            let arn = format!("arn:aws:apigateway:{REGION}::{path}");
            (format!("apigateway:{method}"), arn)
        })
        .collect();
    let allowed: Vec<(&str, &str)> = policy
        .statement
        .iter()
        .flat_map(|statement| {
            let resources = statement.resource.iter();
            resources.flat_map(|arn| statement.action.iter().map(|it| (*it, arn.as_str())))
        })
        .collect();
    let fits = |(action, pattern): &(&str, &str), (sent, arn): &(String, String)| {
        let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let (wanted, given) = (segments(pattern), segments(arn));
        let same = |(wanted, given): (&String, &String)| wanted == "*" || wanted == given;
        action == sent && wanted.len() == given.len() && wanted.iter().zip(&given).all(same)
    };
    for request in &sent {
        let is_allowed = allowed.iter().any(|it| fits(it, request));
        assert!(
            is_allowed,
            "{task}: {request:?} is not declared in {policy}"
        );
    }
    for one in &allowed {
        let is_sent = sent.iter().any(|request| fits(one, request));
        assert!(
            is_sent,
            "{task}: {one:?} is declared, and sent was {sent:?}"
        );
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_policies_of_the_tasks_allow() {
    let shop = HttpShop::open_again().await;
    shop.configure_cors(&[ORIGIN]).await;
    let domain = shop.client.create_domain_name();
    let domain = domain.domain_name("api.example.com");
    domain.send().await.unwrap();
    let (gateway, id) = (&shop.gateway, shop.id());
    shop.recorder.requests();

    assert_eq!(shop.seen().await, Some(OPEN));
    let policy = gateway.permissions_to_observe(&id).unwrap();
    is_what_was_sent(&policy, &shop, "observe");

    gateway.faces(&id).await.unwrap();
    let policy = gateway.permissions_for_faces(&id).unwrap();
    is_what_was_sent(&policy, &shop, "faces");

    for state in [closed("v2"), OPEN] {
        shop.set(&state).await;
    }
    let policy = gateway.permissions_to_set(&id).unwrap();
    is_what_was_sent(&policy, &shop, "set");

    shop.set(&closed("v2")).await;
    let api = ApiId::parse("orders").unwrap();
    let warrant = shop.permits.warrant(&api, [id.clone().into()]).await;
    shop.recorder.requests();
    let deleted = gateway.dangerously_delete(&id, &warrant.unwrap()).await;
    assert!(matches!(deleted, Ok(Outcome::Done { .. })), "{deleted:?}");
    let policy = gateway.permissions_to_delete(&id).unwrap();
    is_what_was_sent(&policy, &shop, "delete");
}

#[tokio::test]
async fn a_closed_http_api_leads_everybody_to_the_backend_and_opens_as_it_was() {
    let shop = HttpShop::open_again().await;
    let (before, integrations) = (shop.routes().await, shop.integrations().await);
    assert_eq!(shop.seen().await, Some(OPEN));
    for state in [closed("v2"), closed("v3")] {
        shop.set(&state).await;
        assert_eq!(shop.seen().await, Some(state.clone()));
        for (key, target, authorization, _) in shop.routes().await {
            assert_eq!(authorization, "NONE", "{key}");
            assert!(before.iter().all(|(_, old, ..)| *old != target), "{key}");
        }
        assert!(
            shop.routes()
                .await
                .iter()
                .any(|(key, ..)| key == "$default")
        );
        shop.recorder.take();
        shop.set(&state).await;
        let sent = shop.recorder.operations();
        assert!(
            sent.iter().all(|it| it.starts_with("Get")),
            "[I-11] {sent:?}"
        );
    }
    shop.set(&OPEN).await;
    assert_eq!(shop.routes().await, before);
    assert_eq!(
        shop.integrations().await,
        integrations,
        "nothing of ours is left"
    );
    assert_eq!(shop.seen().await, Some(OPEN));
}

#[tokio::test]
async fn i_5_without_a_backend_that_answers_410_it_is_not_closed() {
    let shop = HttpShop::new(None).await;
    let permit = shop.permits.permit().await.unwrap();
    let set = shop.gateway.set(&shop.id(), &closed("v2"), &permit).await;
    assert_eq!(*set.unwrap_err().kind(), ErrorKind::Unsupported);
    let sent = shop.recorder.operations();
    assert!(sent.iter().all(|it| it.starts_with("Get")), "{sent:?}");
    assert_eq!(shop.seen().await, Some(OPEN));
}

#[tokio::test]
async fn what_is_missing_or_not_one_of_its_kind_is_an_error() {
    let shop = HttpShop::open_again().await;
    let id = |name: &str| -> AccessPathId {
        let account = &shop.account;
        format!("aws-apigateway:{account}:{REGION}:{name}")
            .parse()
            .unwrap()
    };
    for (name, kind) in [
        ("http/nothere", ErrorKind::NotFound),
        ("rest/nothere", ErrorKind::Unsupported),
    ] {
        let seen = shop.gateway.path(&id(name)).await;
        assert_eq!(*seen.unwrap_err().kind(), kind, "{name}");
    }
}

#[tokio::test]
async fn i_18_the_endpoint_and_every_mapping_are_faces_and_keep_it_from_being_deleted() {
    let shop = HttpShop::open_again().await;
    let domain = shop
        .client
        .create_domain_name()
        .domain_name("api.example.com");
    domain.send().await.unwrap();
    let map = shop
        .client
        .create_api_mapping()
        .domain_name("api.example.com");
    let map = map
        .api_id(&shop.api)
        .stage("$default")
        .api_mapping_key("orders/v1");
    let mapping = map.send().await.unwrap();
    let faces = shop.gateway.faces(&shop.id()).await.unwrap();
    let faces = faces.known_completely().unwrap();
    let urls: BTreeSet<&str> = faces.iter().map(|face| face.url()).collect();
    let endpoint = format!("https://{}.execute-api.{REGION}.amazonaws.com/", shop.api);
    assert_eq!(
        urls,
        BTreeSet::from([endpoint.as_str(), "https://api.example.com/orders/v1/"])
    );

    shop.set(&closed("v2")).await;
    let api = ApiId::parse("orders").unwrap();
    let warrant = shop
        .permits
        .warrant(&api, [shop.id().into()])
        .await
        .unwrap();
    let refused = shop.gateway.dangerously_delete(&shop.id(), &warrant).await;
    assert_eq!(*refused.unwrap_err().kind(), ErrorKind::Conflict);
    let unmap = shop
        .client
        .delete_api_mapping()
        .domain_name("api.example.com");
    let unmap = unmap.api_mapping_id(mapping.api_mapping_id().unwrap());
    unmap.send().await.unwrap();
    let deleted = shop
        .gateway
        .dangerously_delete(&shop.id(), &warrant)
        .await
        .unwrap();
    assert!(matches!(deleted, Outcome::Done { .. }), "{deleted:?}");
    let gone = shop.gateway.path(&shop.id()).await.unwrap_err();
    assert_eq!(*gone.kind(), ErrorKind::NotFound);
}
