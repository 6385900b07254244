//! What callers of API Gateway would get: moto keeps what an API is and serves nothing.
//!
//! The answers are those of the interpreter that the tests of deprovision-aws use. It was
//! written from AWS's developer guide, and what it does not know makes it panic: then there
//! is no answer, which no probe takes for closed.

#[path = "../../../deprovision-aws/tests/peers/apigateway/definition.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "the interpreter gives no answer to what it does not know"
)]
mod definition;
#[path = "../../../deprovision-aws/tests/peers/apigateway/runtime.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the interpreter gives no answer to what it does not know"
)]
mod runtime;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_apigateway::Client;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body};
use deprovision_core::provider::error_chain;
use deprovision_core::time::Clock;
use deprovision_examples::Problem;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use self::runtime::{Definition, Request};
use crate::peers::servers::REGION;

/// Serves the APIs of an account at `BASE/API/STAGE/…`.
#[derive(Clone)]
pub(crate) struct Gateway {
    client: Client,
    account: String,
    clock: Arc<dyn Clock>,
    /// What each deployment held when a call first met it: moto keeps no copy of what is
    /// deployed. Nothing is changed between a deployment and the next look.
    deployed: Arc<Mutex<BTreeMap<String, Definition>>>,
}

impl Gateway {
    /// Serves until the process ends; gives the base of the URLs.
    pub(crate) async fn serve(
        client: Client,
        account: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, String), Problem> {
        let gateway = Self {
            client,
            account: account.to_owned(),
            clock,
            deployed: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let service = Router::new().fallback(answer).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok((gateway, base))
    }

    /// Keeps what the deployment of a stage holds, if it was not met before.
    pub(crate) async fn look(&self, api: &str, stage: &str) -> Result<Definition, Problem> {
        let stage = self.client.get_stage().rest_api_id(api).stage_name(stage);
        let stage = stage.send().await?;
        let deployment = stage.deployment_id().unwrap_or_default().to_owned();
        let mut deployed = self.deployed.lock().await;
        if let Some(known) = deployed.get(&deployment) {
            return Ok(known.clone());
        }
        let held = definition::read(&self.client, api).await;
        deployed.insert(deployment, held.clone());
        Ok(held)
    }

    /// The values of the keys that are enabled.
    async fn keys(&self) -> Result<Vec<String>, Problem> {
        let keys = self.client.get_api_keys().include_values(true);
        let keys = keys.send().await?;
        let enabled = keys.items().iter().filter(|key| key.enabled());
        Ok(enabled
            .filter_map(|key| key.value().map(str::to_owned))
            .collect())
    }

    async fn call(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let path = uri.path().trim_start_matches('/');
        let (api, path) = path.split_once('/').unwrap_or((path, ""));
        let (stage, path) = path.split_once('/').unwrap_or((path, ""));
        let definition = self.look(api, stage).await?;
        let stage_arn = format!(
            "arn:aws:execute-api:{REGION}:{}:{api}/{stage}",
            self.account
        );
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let request = Request {
            stage_arn: &stage_arn,
            verb: method.as_str(),
            path: &format!("/{path}"),
            api_key: header("x-api-key"),
            identity: None,
            source_ip: "127.0.0.1",
            accept: header("accept"),
        };
        let reply = definition.answer(&request, &self.keys().await?, self.clock.now());
        let mut response = Response::builder().status(reply.status);
        for (name, values) in &reply.headers {
            for value in values {
                response = response.header(name, value);
            }
        }
        Ok(response.body(Body::from(reply.body))?)
    }
}

async fn answer(State(gateway): State<Gateway>, request: HttpRequest) -> Response {
    let (parts, _) = request.into_parts();
    let called = gateway.call(&parts.method, &parts.uri, &parts.headers);
    called.await.unwrap_or_else(|problem| {
        (StatusCode::BAD_GATEWAY, error_chain(problem.as_ref())).into_response()
    })
}
