//! The formats that servers have from the start.

use super::Pattern;
use super::notation::Escaping;

impl Pattern {
    /// nginx's `main`, as its packages ship it in `nginx.conf`.
    pub(in crate::format) fn nginx_main() -> Self {
        Self::known(
            Escaping::Hex,
            "",
            &[
                ("$remote_addr", " - "),
                ("$remote_user", " ["),
                ("$time_local", "] \""),
                ("$request", "\" "),
                ("$status", " "),
                ("$body_bytes_sent", " \""),
                ("$http_referer", "\" \""),
                ("$http_user_agent", "\" \""),
                ("$http_x_forwarded_for", "\""),
            ],
        )
    }

    /// Envoy, *Access logging*, section *Default Format String*.
    pub(in crate::format) fn envoy() -> Self {
        Self::known(
            Escaping::None,
            "[",
            &[
                ("%START_TIME%", "] \""),
                ("%REQ(:METHOD)%", " "),
                ("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", " "),
                ("%PROTOCOL%", "\" "),
                ("%RESPONSE_CODE%", " "),
                ("%RESPONSE_FLAGS%", " "),
                ("%BYTES_RECEIVED%", " "),
                ("%BYTES_SENT%", " "),
                ("%DURATION%", " "),
                ("%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", " \""),
                ("%REQ(X-FORWARDED-FOR)%", "\" \""),
                ("%REQ(USER-AGENT)%", "\" \""),
                ("%REQ(X-REQUEST-ID)%", "\" \""),
                ("%REQ(:AUTHORITY)%", "\" \""),
                ("%UPSTREAM_HOST%", "\""),
            ],
        )
    }

    /// AWS, *Access logging for REST APIs*: the CLF example.
    pub(in crate::format) fn api_gateway() -> Self {
        Self::known(
            Escaping::None,
            "",
            &[
                ("$context.identity.sourceIp", " "),
                ("$context.identity.caller", " "),
                ("$context.identity.user", " ["),
                ("$context.requestTime", "] \""),
                ("$context.httpMethod", " "),
                ("$context.resourcePath", " "),
                ("$context.protocol", "\" "),
                ("$context.status", " "),
                ("$context.responseLength", " "),
                ("$context.requestId", ""),
            ],
        )
    }
}
