//! Formats by the names that a command line gives them.

use super::suggest::closest;
use super::{Format, FormatError, JsonFields};

/// The names, without what may stand behind a colon.
const NAMES: [&str; 9] = [
    "combined",
    "common",
    "nginx",
    "envoy",
    "alb",
    "apigateway",
    "json",
    "cloudtrail",
    "pattern",
];

impl Format {
    /// The format of that name:
    ///
    /// | name | format |
    /// |---|---|
    /// | `combined`, `common` | [`Format::combined`] |
    /// | `nginx` | [`Format::nginx_main`] |
    /// | `envoy` | [`Format::envoy`] |
    /// | `nginx:PATTERN`, `envoy:PATTERN`, `apigateway:PATTERN` | [`Format::pattern`] |
    /// | `alb` | [`Format::alb`] |
    /// | `apigateway` | [`Format::api_gateway`] |
    /// | `json` | [`Format::json_lines`] with the usual names |
    /// | `json:time=ts,path=req.uri` | the same with these fields ([`JsonFields::parse`]) |
    /// | `cloudtrail` | [`Format::cloud_trail`] |
    ///
    /// ```
    /// let error = deprovision_usage::Format::named("combind").unwrap_err();
    /// assert!(error.to_string().contains("did you mean \"combined\"?"));
    /// ```
    ///
    /// # Errors
    /// [`FormatError`] when no format has that name, or what stands behind the colon
    /// is wrong.
    pub fn named(name: &str) -> Result<Self, FormatError> {
        let (word, argument) = match name.split_once(':') {
            Some((word, argument)) => (word, Some(argument)),
            None => (name, None),
        };
        let word = word.trim();
        let alone = |name, format| match argument {
            None => Ok(format),
            Some(_) => Err(FormatError::NoArgument { name }),
        };
        match (word, argument) {
            ("combined" | "common", _) => alone("combined", Self::combined()),
            ("nginx", None) => Ok(Self::nginx_main()),
            ("envoy", None) => Ok(Self::envoy()),
            ("apigateway", None) => Ok(Self::api_gateway()),
            ("nginx" | "envoy" | "apigateway" | "pattern", Some(pattern)) => {
                Ok(Self::pattern(pattern)?)
            }
            ("alb", _) => alone("alb", Self::alb()),
            ("json", None) => Ok(Self::json_lines(JsonFields::usual())),
            ("json", Some(fields)) => Ok(Self::json_lines(JsonFields::parse(fields)?)),
            ("cloudtrail", _) => alone("cloudtrail", Self::cloud_trail()),
            _ => Err(FormatError::Unknown {
                meant: closest(&word.to_ascii_lowercase(), &NAMES).map(ToOwned::to_owned),
                name: word.to_owned(),
            }),
        }
    }
}
