//! Reads a REST API out of moto, with the SDK alone.

use std::collections::BTreeMap;

use aws_sdk_apigateway::Client;
use serde_json::Value;

use super::runtime::{Definition, GatewayResponse, Method, constant};

/// What would be deployed now.
pub(crate) async fn read(client: &Client, api: &str) -> Definition {
    let given = client.get_rest_api().rest_api_id(api).send().await.unwrap();
    let policy = given.policy().filter(|policy| !policy.is_empty());
    let policy: Option<Value> = policy.map(|policy| serde_json::from_str(policy).unwrap());
    let responses = client.get_gateway_responses().rest_api_id(api).send().await;
    let responses = responses.unwrap();
    let responses = responses.items().iter().map(|response| {
        let map = |map: Option<&std::collections::HashMap<String, String>>| {
            map.into_iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        let read = GatewayResponse {
            status: response.status_code().map(|status| status.parse().unwrap()),
            parameters: map(response.response_parameters()),
            templates: map(response.response_templates()),
        };
        (response.response_type().unwrap().as_str().to_owned(), read)
    });
    Definition {
        policy,
        responses: responses.collect(),
        methods: methods(client, api).await,
    }
}

async fn methods(client: &Client, api: &str) -> Vec<Method> {
    let resources = client
        .get_resources()
        .rest_api_id(api)
        .embed("methods")
        .send()
        .await
        .unwrap();
    let mut methods = Vec::new();
    for resource in resources.items() {
        for (verb, method) in resource.resource_methods().into_iter().flatten() {
            let integration = method.method_integration();
            let answer = integration
                .and_then(|integration| integration.integration_responses())
                .and_then(|answers| answers.get("200"));
            let filled = answer.and_then(|answer| answer.response_parameters());
            let declared = method
                .method_responses()
                .and_then(|responses| responses.get("200"))
                .and_then(|response| response.response_parameters());
            let headers: BTreeMap<String, String> = filled
                .into_iter()
                .flatten()
                .map(|(name, value)| {
                    let is_declared = declared.is_some_and(|declared| declared.contains_key(name));
                    assert!(is_declared, "AWS would refuse {name}: it is not declared");
                    let name = name.strip_prefix("method.response.header.").unwrap();
                    (name.to_ascii_lowercase(), constant(value))
                })
                .collect();
            let body = answer.and_then(|answer| answer.response_templates());
            methods.push(Method {
                path: resource.path().unwrap().to_owned(),
                verb: verb.clone(),
                authorization: method.authorization_type().unwrap().to_owned(),
                needs_key: method.api_key_required().unwrap_or(false),
                headers,
                body: body
                    .map(|body| body["application/json"].clone())
                    .unwrap_or_default(),
            });
        }
    }
    methods
}
