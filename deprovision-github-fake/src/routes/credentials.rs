//! Revocation of tokens, and the one read that costs nothing.

use serde_json::json;

use crate::reply::Reply;
use crate::routes::Request;
use crate::state::State;

/// How many requests later a revoked token stops working: 202 is no promise of now.
const LATER: u32 = 3;

pub(crate) fn route(state: &mut State, request: &Request<'_>) -> Reply {
    if request.operation.path == "/rate_limit" {
        if request.authorized && request.who.is_none() && !request.is_app {
            return Reply::error(401, "Bad credentials");
        }
        return Reply::json(
            200,
            request.description.filled("rate-limit-overview", json!({})),
        );
    }
    if request.authorized && !request.enterprise {
        return Reply::error(403, "This endpoint does not accept authentication");
    }
    if request.enterprise && request.who.is_none() {
        return Reply::error(401, "Requires authentication");
    }
    for token in request.body["credentials"].as_array().into_iter().flatten() {
        let token = token.as_str().unwrap_or_default().to_owned();
        state.revoking.push((token, LATER));
    }
    Reply::json(202, json!({}))
}

/// One more request has come: what was to be revoked is, in time.
pub(crate) fn pass(state: &mut State) {
    for (token, left) in &mut state.revoking {
        *left = left.saturating_sub(1);
        if *left == 0 {
            state.tokens.remove(token);
        }
    }
    state.revoking.retain(|(_, left)| *left > 0);
}
