//! Lists, a page at a time.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::routes::Request;

/// The page that is asked for; in `wrapped`, with the number of all, where the
/// operation does so.
pub(crate) fn paged(request: &Request<'_>, items: Vec<Value>, wrapped: Option<&str>) -> Reply {
    let number = |name: &str, default: usize| {
        request
            .queried(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let (size, page) = (
        number("per_page", 30).clamp(1, 100),
        number("page", 1).max(1),
    );
    let total = items.len();
    let shown: Vec<Value> = items
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let body = match wrapped {
        Some(name) => json!({ "total_count": total, name: shown }),
        None => Value::Array(shown),
    };
    let reply = Reply::json(200, body);
    if page * size >= total {
        return reply;
    }
    let query: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key != "page")
        .map(|(key, value)| format!("{key}={}", encoded(value)))
        .chain([format!("page={}", page + 1)])
        .collect();
    let next = format!("<{}?{}>; rel=\"next\"", request.url, query.join("&"));
    reply.with("link", next)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
