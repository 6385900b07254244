//! GitHub's own description of its API: every request and every reply is held to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The part of `@octokit/openapi` that we use, cut by `cargo xtask peers github`.
const TEXT: &str = include_str!("../description/github.json");

/// The description, with what was compiled of it.
#[derive(Debug)]
pub(crate) struct Description {
    whole: Value,
    operations: Vec<Operation>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// In capitals.
    pub(crate) method: String,
    /// With its parameters in braces.
    pub(crate) path: String,
}

/// What the path's parameters are in a request.
pub(crate) type Parameters = BTreeMap<String, String>;

impl Description {
    /// The description, read once.
    pub(crate) fn shared() -> Result<&'static Self, String> {
        static SHARED: OnceLock<Result<Description, String>> = OnceLock::new();
        SHARED
            .get_or_init(Self::read)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn read() -> Result<Self, String> {
        let mut whole: Value =
            serde_json::from_str(TEXT).map_err(|error| format!("github.json: {error}"))?;
        make_json_schema(&mut whole);
        let mut operations = Vec::new();
        for (path, methods) in whole["paths"].as_object().into_iter().flatten() {
            for method in methods.as_object().into_iter().flatten().map(|(m, _)| m) {
                operations.push(Operation {
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                });
            }
        }
        // What is written out goes before what has a parameter there.
        operations.sort_by_key(|operation| operation.path.matches('{').count());
        Ok(Self {
            whole,
            operations,
            compiled: Mutex::default(),
        })
    }

    /// The operation that a request is, with the parameters in its path.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(Operation, Parameters)> {
        self.operations
            .iter()
            .filter(|operation| operation.method == method)
            .find_map(|operation| Some((operation.clone(), matched(&operation.path, path)?)))
    }

    fn pointer(operation: &Operation) -> String {
        format!(
            "/paths/{}/{}",
            operation.path.replace('~', "~0").replace('/', "~1"),
            operation.method.to_ascii_lowercase()
        )
    }

    fn operation(&self, operation: &Operation) -> &Value {
        self.whole
            .pointer(&Self::pointer(operation))
            .unwrap_or(&Value::Null)
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(to) => self
                .whole
                .pointer(to.trim_start_matches('#'))
                .map_or(&Value::Null, |found| self.resolved(found)),
            None => value,
        }
    }

    /// What is wrong with a request.
    pub(crate) fn check_request(
        &self,
        operation: &Operation,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Result<(), String> {
        let described = self.operation(operation);
        self.check_query(described, query)?;
        let content = &described["requestBody"]["content"]["application/json"];
        match (content["schema"].is_object(), body) {
            (false, None) => Ok(()),
            (false, Some(_)) => Err("the operation takes no body".to_owned()),
            (true, None) if described["requestBody"]["required"] == json!(true) => {
                Err("the operation needs a body".to_owned())
            }
            (true, None) => Ok(()),
            (true, Some(body)) => {
                let known = self.members(&content["schema"]);
                if let Some(unknown) = body
                    .as_object()
                    .into_iter()
                    .flat_map(Map::keys)
                    .find(|key| !known.is_empty() && !known.contains(*key))
                {
                    return Err(format!("the body has {unknown:?}, which is not described"));
                }
                let at = format!(
                    "{}/requestBody/content/application~1json/schema",
                    Self::pointer(operation)
                );
                self.check(&at, body)
            }
        }
    }

    fn check_query(&self, described: &Value, query: &[(String, String)]) -> Result<(), String> {
        let parameters: Vec<&Value> = described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| self.resolved(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let given = query.iter().any(|(key, _)| key == name);
            if parameter["required"] == json!(true) && !given {
                return Err(format!("the query lacks {name}"));
            }
        }
        for (key, value) in query {
            let Some(parameter) = parameters.iter().find(|p| p["name"] == json!(key)) else {
                return Err(format!("the query has {key:?}, which is not described"));
            };
            let schema = self.resolved(&parameter["schema"]);
            let good = match schema["type"].as_str() {
                Some("integer") => value.parse::<i64>().is_ok(),
                Some("boolean") => value == "true" || value == "false",
                _ => schema["enum"]
                    .as_array()
                    .is_none_or(|allowed| allowed.contains(&json!(value))),
            };
            if !good {
                return Err(format!("the query has {key}={value}, which is not allowed"));
            }
        }
        Ok(())
    }

    /// The members that an object of this schema may have; empty when it may have any.
    fn members(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let mut names: BTreeSet<String> = schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect();
        for choice in ["allOf", "anyOf", "oneOf"] {
            for part in schema[choice].as_array().into_iter().flatten() {
                names.extend(self.members(part));
            }
        }
        names
    }

    /// What is wrong with a reply.
    pub(crate) fn check_reply(
        &self,
        operation: &Operation,
        status: u16,
        body: Option<&Value>,
    ) -> Result<(), String> {
        let Some((at, reply)) = self.reply(operation, status) else {
            return Err(format!("a reply with {status} is not described"));
        };
        match (reply["content"]["application/json"].is_object(), body) {
            (true, Some(body)) => {
                self.check(&format!("{at}/content/application~1json/schema"), body)
            }
            (false, None) => Ok(()),
            // Errors often have a body of which nothing is said.
            (false, Some(_)) if status >= 400 => Ok(()),
            (true, None) => Err(format!("a reply with {status} has a body")),
            (false, Some(_)) => Err(format!("a reply with {status} has no body")),
        }
    }

    fn reply(&self, operation: &Operation, status: u16) -> Option<(String, &Value)> {
        let at = format!("{}/responses/{status}", Self::pointer(operation));
        let reply = self.whole.pointer(&at)?;
        match reply["$ref"].as_str() {
            Some(to) => Some((to.trim_start_matches('#').to_owned(), self.resolved(reply))),
            None => Some((at, reply)),
        }
    }

    fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        let validator = self.compiled(pointer)?;
        let errors: Vec<String> = validator
            .iter_errors(value)
            .take(3)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors.join("; "))
        }
    }

    fn compiled(&self, pointer: &str) -> Result<Arc<Validator>, String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(known) = compiled.get(pointer) {
            return Ok(known.clone());
        }
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [self.whole.pointer(pointer)],
            "components": self.whole["components"],
        });
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| format!("the schema at {pointer} is no use: {error}"))?;
        let validator = Arc::new(validator);
        compiled.insert(pointer.to_owned(), validator.clone());
        Ok(validator)
    }

    /// A component's schema: the least that is valid, with `values` in it.
    pub(crate) fn filled(&self, component: &str, values: Value) -> Value {
        let schema = &self.whole["components"]["schemas"][component];
        let mut least = self.least(schema, 0);
        overlay(&mut least, values);
        least
    }

    /// The least value that a schema takes.
    fn least(&self, schema: &Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if types.contains(&"null") || depth > 6 {
            return Value::Null;
        }
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        let mut object = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(members) = self.least(part, depth + 1) {
                object.extend(members);
            }
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(options) = schema[choice].as_array() {
                if options.iter().any(|option| option["type"] == "null") {
                    return Value::Null;
                }
                if let Some(first) = options.first() {
                    return self.least(first, depth + 1);
                }
            }
        }
        match types.first().copied() {
            Some("string") => json!(match schema["format"].as_str() {
                Some("uri") => "https://github.example/",
                Some("date-time") => "2027-01-01T00:00:00Z",
                Some("email") => "nobody@github.example",
                _ => "none",
            }),
            Some("integer" | "number") => json!(0),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            _ => {
                for name in schema["required"].as_array().into_iter().flatten() {
                    if let Some(name) = name.as_str() {
                        let member = self.least(&schema["properties"][name], depth + 1);
                        object.insert(name.to_owned(), member);
                    }
                }
                Value::Object(object)
            }
        }
    }
}

/// Puts the members of `values` over those of `value`, in depth.
fn overlay(value: &mut Value, values: Value) {
    match (value, values) {
        (Value::Object(members), Value::Object(values)) => {
            for (key, new) in values {
                overlay(members.entry(key).or_insert(Value::Null), new);
            }
        }
        (value, new) => *value = new,
    }
}

/// `nullable` is OpenAPI's own; JSON Schema has the type `null`.
fn make_json_schema(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(make_json_schema);
            if members.remove("nullable") != Some(json!(true)) {
                return;
            }
            if let Some(Value::Array(allowed)) = members.get_mut("enum") {
                allowed.push(Value::Null);
            }
            match members.get("type").cloned() {
                Some(Value::String(one)) => {
                    members.insert("type".to_owned(), json!([one, "null"]));
                }
                _ => {
                    let rest = Value::Object(std::mem::take(members));
                    members.insert("anyOf".to_owned(), json!([{ "type": "null" }, rest]));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_json_schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The parameters, when the path is one of the template.
fn matched(template: &str, path: &str) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    let mut segments = path.split('/');
    let mut parts = template.split('/').peekable();
    while let Some(part) = parts.next() {
        let segment = segments.next()?;
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => {
                let mut value = decoded(segment);
                // A ref has slashes, and is the last.
                if name == "ref" && parts.peek().is_none() {
                    for more in segments.by_ref() {
                        value.push('/');
                        value.push_str(&decoded(more));
                    }
                }
                if value.is_empty() {
                    return None;
                }
                parameters.insert(name.to_owned(), value);
            }
            None if part == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(parameters)
}

/// A text of a URL with its `%XX` read.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                index += 3;
            }
            None => {
                out.push(if bytes[index] == b'+' {
                    b' '
                } else {
                    bytes[index]
                });
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_github_does_not_describe_is_refused() {
        let description = Description::shared().unwrap();
        let (create, parameters) = description.find("POST", "/repos/acme/shop/issues").unwrap();
        assert_eq!(parameters["repo"], "shop");
        let check = |body| description.check_request(&create, &[], Some(&body));
        assert_eq!(check(json!({ "title": "t" })), Ok(()));
        assert!(check(json!({})).is_err(), "a title is needed");
        assert!(
            check(json!({ "title": "t", "titel": "t" })).is_err(),
            "a slip"
        );
        assert!(check(json!({ "title": "t", "labels": 7 })).is_err());
        let (list, _) = description.find("GET", "/repos/acme/shop/pulls").unwrap();
        let query = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        assert_eq!(
            description.check_request(&list, &query("state", "all"), None),
            Ok(())
        );
        assert!(
            description
                .check_request(&list, &query("state", "every"), None)
                .is_err()
        );
        assert!(
            description
                .check_request(&list, &query("stat", "all"), None)
                .is_err()
        );
    }

    #[test]
    fn the_least_value_of_what_we_answer_is_valid_and_an_empty_one_is_not() {
        let description = Description::shared().unwrap();
        for (method, path, status, component) in [
            ("GET", "/repos/a/b", 200, "full-repository"),
            ("POST", "/repos/a/b/pulls", 201, "pull-request"),
            ("POST", "/repos/a/b/issues", 201, "issue"),
        ] {
            let (operation, _) = description.find(method, path).unwrap();
            let least = description.filled(component, json!({}));
            assert_eq!(
                description.check_reply(&operation, status, Some(&least)),
                Ok(()),
                "{component}"
            );
            assert!(
                description
                    .check_reply(&operation, status, Some(&json!({})))
                    .is_err()
            );
        }
    }

    #[test]
    fn a_ref_may_have_slashes() {
        let (operation, parameters) = Description::shared()
            .unwrap()
            .find("GET", "/repos/a/b/git/ref/heads/x/y%2Fz")
            .unwrap();
        assert_eq!(operation.path, "/repos/{owner}/{repo}/git/ref/{ref}");
        assert_eq!(parameters["ref"], "heads/x/y/z");
    }
}
