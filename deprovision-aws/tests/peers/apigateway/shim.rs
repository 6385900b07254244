//! moto knows no PATCH of method responses and integration responses. This makes a PUT
//! of the whole out of one, as AWS would merge it, for what was put through the same
//! client before.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Value, json};

/// What was put, by its path.
#[derive(Debug, Default)]
pub(crate) struct PatchByPut {
    put: Mutex<BTreeMap<String, Value>>,
}

impl Intercept for PatchByPut {
    fn name(&self) -> &'static str {
        "PatchByPut"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let path = request.uri().to_owned();
        if !path.contains("/methods/") || !path.contains("/responses/") {
            return Ok(());
        }
        let body: Value = match request.body().bytes() {
            Some(body) if !body.is_empty() => serde_json::from_slice(body)?,
            _ => json!({}),
        };
        let mut put = self.put.lock().unwrap();
        match request.method() {
            "PUT" => {
                put.insert(path, body);
            }
            "PATCH" => {
                let merged = put.get_mut(&path).ok_or("patched before it was put")?;
                let is_integration = path.contains("/integration/");
                for patch in body["patchOperations"].as_array().ok_or("no patches")? {
                    apply(merged, patch, is_integration)?;
                }
                let merged = merged.to_string();
                request.set_method("PUT")?;
                let length = merged.len().to_string();
                request.headers_mut().insert("content-length", length);
                *request.body_mut() = SdkBody::from(merged);
            }
            _ => {}
        }
        Ok(())
    }
}

/// One patch, as AWS documents them: `add` also replaces, `remove` needs what it removes.
fn apply(merged: &mut Value, patch: &Value, is_integration: bool) -> Result<(), BoxError> {
    let path = patch["path"].as_str().unwrap_or_default();
    let name = path
        .strip_prefix("/responseParameters/")
        .ok_or("another path")?;
    let members = merged.as_object_mut().ok_or("no object")?;
    let parameters = members
        .entry("responseParameters")
        .or_insert_with(|| json!({}));
    let parameters = parameters.as_object_mut().ok_or("no object")?;
    match patch["op"].as_str() {
        Some("add") if is_integration => {
            parameters.insert(name.to_owned(), patch["value"].clone());
        }
        Some("add") => {
            parameters.insert(name.to_owned(), Value::Bool(patch["value"] == "true"));
        }
        Some("remove") => {
            parameters.remove(name).ok_or("nothing to remove")?;
        }
        other => return Err(format!("{other:?} is not interpreted").into()),
    }
    Ok(())
}
