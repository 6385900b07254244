//! The formats that are known.

use std::fmt;
use std::sync::Arc;

use super::json::{self, JsonField, JsonFields, Tree, steps};
use super::pattern::Pattern;
use super::{FormatError, PatternError, alb, cloud_trail};
use crate::line::{LineError, LogLine, parse_line};

/// How the lines of a log are read. Cheap to clone.
///
/// Each parser is a function over the bytes of one line. What it gives borrows from
/// the line wherever the line has no escapes.
///
/// ```
/// use deprovision_usage::Format;
///
/// let format = Format::pattern(r#"$host $remote_addr [$time_iso8601] "$request" $status"#)?;
/// let line = br#"shop.example 10.0.0.7 [2026-10-10T13:55:36+00:00] "GET /v1/orders HTTP/2.0" 410"#;
/// let line = format.parse(line)?;
/// assert_eq!(line.host.as_deref(), Some(&b"shop.example"[..]));
/// assert_eq!(line.status, Some(410));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Format(Arc<Kind>);

enum Kind {
    Combined,
    Pattern {
        name: &'static str,
        pattern: Pattern,
    },
    Alb,
    /// Lines of either kind.
    ApiGateway {
        pattern: Pattern,
        fields: JsonFields,
        tree: Tree,
    },
    Json {
        fields: JsonFields,
        tree: Tree,
    },
    CloudTrail(Tree),
}

impl Format {
    /// The Common and the Combined Log Format, as Apache and nginx write them
    /// ([`parse_line`]). Fields behind the user agent are not looked at.
    #[must_use]
    pub fn combined() -> Self {
        Self::of(Kind::Combined)
    }

    /// Lines that a server's configuration spells out with variables: a text such as
    /// `$remote_addr [$time_local] "$request" $status`, a whole `log_format`
    /// directive of nginx, an access log format of API Gateway (`$context.status`),
    /// or a format string of Envoy (`%RESPONSE_CODE%`).
    ///
    /// Variables that nobody needs are skipped. A text without directive may begin
    /// with nginx's `escape=json` or `escape=none`; with `none`, and in Envoy's
    /// strings, which escape nothing, a client's quote in a field can shift the
    /// fields behind it. A line that goes on where the pattern ends is malformed.
    ///
    /// # Errors
    /// [`PatternError`] when the text is no pattern, has no time or no request, or
    /// has two variables that a line can not tell apart.
    pub fn pattern(pattern: &str) -> Result<Self, PatternError> {
        Ok(Self::of(Kind::Pattern {
            name: "given pattern",
            pattern: Pattern::compile(pattern)?,
        }))
    }

    /// The format `main` of the `nginx.conf` that nginx comes with: the Combined Log
    /// Format with `"$http_x_forwarded_for"` behind it. [`Format::combined`] reads it
    /// as well, without that field.
    #[must_use]
    pub fn nginx_main() -> Self {
        Self::of(Kind::Pattern {
            name: "nginx main format",
            pattern: Pattern::nginx_main(),
        })
    }

    /// Envoy's default format string.
    ///
    /// It has no client's address: the client is the last address of
    /// `X-Forwarded-For`, which Envoy adds itself with `use_remote_address`.
    #[must_use]
    pub fn envoy() -> Self {
        Self::of(Kind::Pattern {
            name: "Envoy default format",
            pattern: Pattern::envoy(),
        })
    }

    /// Access logs of AWS Application Load Balancers. The request's URL is taken
    /// apart into the host and the target.
    #[must_use]
    pub fn alb() -> Self {
        Self::of(Kind::Alb)
    }

    /// Access logs of AWS API Gateway in the two formats that AWS shows, of which each
    /// line may have either: Common Log Format and JSON with the usual names
    /// ([`JsonFields::usual`]).
    ///
    /// Both have `$context.resourcePath`, the route's template (`/orders/{id}`) and not
    /// what was asked for; with `$context.path` in a JSON field `path` that is taken.
    #[must_use]
    pub fn api_gateway() -> Self {
        let fields = JsonFields::usual();
        Self::of(Kind::ApiGateway {
            pattern: Pattern::api_gateway(),
            tree: fields.tree(),
            fields,
        })
    }

    /// JSON lines: one object a line.
    ///
    /// A line that has a part twice is malformed: two lines run into each other.
    #[must_use]
    pub fn json_lines(fields: JsonFields) -> Self {
        let tree = fields.tree();
        Self::of(Kind::Json { fields, tree })
    }

    /// Events of AWS CloudTrail, one a line; [`Records`](super::Records) makes lines
    /// of the files that CloudTrail writes.
    ///
    /// The host is the event's `eventSource` (`dynamodb.amazonaws.com`), the request
    /// `POST /` with its `eventName` (`POST /PutItem`), whatever the service's real
    /// request was, also for the data events of S3. CloudTrail keeps no status: it is
    /// 200 without an `errorCode`, 403 for a denied access, 429 for throttling, and
    /// 400 for every other error. The key is `userIdentity.accessKeyId`, the subject
    /// its `arn`, or else its `principalId` or the service that it is.
    #[must_use]
    pub fn cloud_trail() -> Self {
        Self::of(Kind::CloudTrail(cloud_trail::tree(None)))
    }

    /// The same, where one field names the caller ([`LogLine::field`]): a variable of
    /// the pattern (`http_x_client_id`), or a JSON path (`claims.client_id`).
    ///
    /// # Errors
    /// [`FormatError`] when the pattern has no such variable, or the format only fixed
    /// fields.
    pub fn with_caller(&self, field: &str) -> Result<Self, FormatError> {
        let fixed = |format| Err(FormatError::FixedFields { format });
        Ok(match &*self.0 {
            Kind::Combined => return fixed("Combined Log Format"),
            Kind::Alb => return fixed("ALB access logs"),
            Kind::Pattern { name, pattern } => Self::of(Kind::Pattern {
                name,
                pattern: pattern.clone().with_caller(field)?,
            }),
            Kind::ApiGateway {
                pattern, fields, ..
            } => {
                let fields = fields.clone().with(JsonField::Caller, field);
                let pattern = pattern.clone();
                Self::of(Kind::ApiGateway {
                    // A line of the other kind has the field or not.
                    pattern: pattern.clone().with_caller(field).unwrap_or(pattern),
                    tree: fields.tree(),
                    fields,
                })
            }
            Kind::Json { fields, .. } => {
                Self::json_lines(fields.clone().with(JsonField::Caller, field))
            }
            Kind::CloudTrail(_) => {
                Self::of(Kind::CloudTrail(cloud_trail::tree(Some(&steps(field)))))
            }
        })
    }

    /// Reads one line, without its line feed.
    ///
    /// # Errors
    /// [`LineError`] names the part that is wrong. It keeps the time, when that can be
    /// read, and the request, when nothing of the line can be another line's.
    pub fn parse<'a>(&self, line: &'a [u8]) -> Result<LogLine<'a>, LineError> {
        match &*self.0 {
            Kind::Combined => parse_line(line),
            Kind::Pattern { pattern, .. } => pattern.parse(line),
            Kind::Alb => alb::parse(line),
            Kind::ApiGateway { tree, .. } if line.trim_ascii_start().starts_with(b"{") => {
                json::parse(line, tree)
            }
            Kind::ApiGateway { pattern, .. } => pattern.parse(line),
            Kind::Json { tree, .. } => json::parse(line, tree),
            Kind::CloudTrail(tree) => cloud_trail::parse(line, tree),
        }
    }

    /// Whether a file that begins with the given bytes must be read through
    /// [`Records`](super::Records), which makes lines of it.
    #[must_use]
    pub fn needs_records(&self, beginning: &[u8]) -> bool {
        match &*self.0 {
            Kind::CloudTrail(_) => super::records::fits(beginning),
            Kind::Combined
            | Kind::Pattern { .. }
            | Kind::Alb
            | Kind::ApiGateway { .. }
            | Kind::Json { .. } => false,
        }
    }

    /// Whether lines are those of [`parse_line`].
    pub(crate) fn is_combined(&self) -> bool {
        matches!(&*self.0, Kind::Combined)
    }

    /// Which values of JSON lines are which parts, where lines are such or may be.
    pub(super) fn json_tree(&self) -> Option<&Tree> {
        match &*self.0 {
            Kind::Json { tree, .. } | Kind::ApiGateway { tree, .. } => Some(tree),
            Kind::Combined | Kind::Pattern { .. } | Kind::Alb | Kind::CloudTrail(_) => None,
        }
    }

    /// Whether it is a clone of the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn of(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            Kind::Combined => "Combined Log Format",
            Kind::Pattern { name, .. } => name,
            Kind::Alb => "ALB access log format",
            Kind::ApiGateway { .. } => "API Gateway access log format",
            Kind::Json { .. } => "JSON lines",
            Kind::CloudTrail(_) => "CloudTrail events",
        })
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Json { fields, .. } => write!(f, "Format(JSON lines: {fields})"),
            Kind::Combined
            | Kind::Pattern { .. }
            | Kind::Alb
            | Kind::ApiGateway { .. }
            | Kind::CloudTrail(_) => {
                write!(f, "Format({self})")
            }
        }
    }
}
