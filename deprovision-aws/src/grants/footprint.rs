//! What an API is in AWS, as policies can name it.

use std::collections::BTreeSet;

use crate::policy_language::Face;
use crate::scope::Scope;

/// The ARNs by which a policy can name one API.
///
/// A grant *names* the API when its resources lie within these; it *covers* the API when
/// they only touch it, as `*` does.
///
/// ```
/// use deprovision_aws::{Footprint, Scope};
/// let scope = Scope::new("123456789012", "eu-central-1")?;
/// let orders = Footprint::empty()
///     .rest_api(&scope, "abc123", None)?
///     .bucket(&scope, "orders-data", None)?;
/// assert!(Footprint::empty().bucket(&scope, "*", None).is_err());
/// # let _ = orders;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Footprint {
    faces: Vec<Face>,
    homes: BTreeSet<Home>,
}

/// Something of the API that may have a policy of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Home {
    Bucket {
        account: String,
        name: String,
        /// Whether all of it is the API's.
        alone: bool,
    },
    RestApi {
        account: String,
        region: String,
        id: String,
        alone: bool,
    },
    Function {
        account: String,
        region: String,
        name: String,
    },
    Secret {
        account: String,
        region: String,
        /// A name, or a whole ARN.
        name: String,
    },
}

/// Why something is no footprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FootprintError {
    /// A name can not be one of AWS, or holds a wildcard.
    #[error("{name:?} is no {what}: names of a footprint hold no wildcards")]
    Name {
        /// What it should name.
        what: &'static str,
        /// The name, shortened.
        name: String,
    },
    /// A pattern is no ARN, or would match everything of its kind.
    #[error("{0:?} can not be part of a footprint: {1}")]
    Pattern(String, &'static str),
    /// A reference of the catalog is written in another way than its adapter writes it.
    #[error("{0} is not written as its adapter writes it")]
    Reference(String),
    /// An API has nothing in AWS, so nothing could name it.
    #[error(
        "{0} has nothing in AWS that a policy could name; name its stages, buckets or secrets in the catalog"
    )]
    Nothing(String),
}

impl Footprint {
    /// Nothing; the start of a footprint that is built by hand.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a REST API, or one stage of it.
    ///
    /// # Errors
    /// [`FootprintError::Name`] when the id or the stage can not be one.
    pub fn rest_api(
        mut self,
        scope: &Scope,
        id: &str,
        stage: Option<&str>,
    ) -> Result<Self, FootprintError> {
        self = self.gateway(scope, "restapis", id, stage)?;
        self.homes.insert(Home::RestApi {
            account: scope.account().to_owned(),
            region: scope.region().to_owned(),
            id: id.to_owned(),
            alone: stage.is_none(),
        });
        Ok(self)
    }

    /// Adds an HTTP or WebSocket API, or one stage of it. They have no resource policies.
    ///
    /// # Errors
    /// [`FootprintError::Name`] when the id or the stage can not be one.
    pub fn http_api(
        self,
        scope: &Scope,
        id: &str,
        stage: Option<&str>,
    ) -> Result<Self, FootprintError> {
        self.gateway(scope, "apis", id, stage)
    }

    fn gateway(
        mut self,
        scope: &Scope,
        kind: &str,
        id: &str,
        stage: Option<&str>,
    ) -> Result<Self, FootprintError> {
        let letters =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !letters(id) {
            return Err(name("id of an API", id));
        }
        let stage_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-$".contains(&byte);
        if let Some(stage) = stage
            && (stage.is_empty() || !stage.bytes().all(stage_letter))
        {
            return Err(name("stage", stage));
        }
        let partition = scope.partition();
        let (region, calls) = (
            scope.region(),
            stage.map_or(String::new(), |stage| format!("/{stage}")),
        );
        for end in ["", "/*"] {
            self.faces.push(Face::named_by(
                "execute-api",
                &scope.arn("execute-api", &format!("{id}{calls}{end}")),
                &format!("arn:*:execute-api:*:*:{id}{calls}{end}"),
            ));
        }
        // The ARNs of API Gateway itself hold no account.
        let managed = format!(
            "/{kind}/{id}{}",
            stage.map_or(String::new(), |stage| format!("/stages/{stage}"))
        );
        for end in ["", "/*"] {
            self.faces.push(Face::named_by(
                "apigateway",
                &format!("arn:{partition}:apigateway:{region}::{managed}{end}"),
                &format!("arn:*:apigateway:*::{managed}{end}"),
            ));
        }
        Ok(self)
    }

    /// Adds a bucket, or the objects of it whose keys start with a prefix.
    ///
    /// # Errors
    /// [`FootprintError::Name`] when the bucket or the prefix can not be one.
    pub fn bucket(
        self,
        scope: &Scope,
        bucket: &str,
        prefix: Option<&str>,
    ) -> Result<Self, FootprintError> {
        self.add_bucket(scope.partition(), scope.account(), bucket, prefix)
    }

    pub(super) fn add_bucket(
        mut self,
        partition: &str,
        account: &str,
        bucket: &str,
        prefix: Option<&str>,
    ) -> Result<Self, FootprintError> {
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.bytes().all(letter) {
            return Err(name("bucket", bucket));
        }
        let prefix = prefix.filter(|prefix| !prefix.is_empty());
        if let Some(prefix) = prefix
            && prefix.contains(['*', '?', '$'])
        {
            return Err(name("prefix", prefix));
        }
        let root = format!("arn:{partition}:s3:::{bucket}");
        match prefix {
            Some(prefix) => {
                let objects = format!("{root}/{prefix}*");
                self.faces.push(Face::new("s3", &objects));
                // Whoever may list the bucket may list what starts with the prefix.
                self.faces.push(Face::only_covered("s3", &root));
            }
            None => {
                self.faces.push(Face::new("s3", &root));
                self.faces.push(Face::new("s3", &format!("{root}/*")));
            }
        }
        self.homes.insert(Home::Bucket {
            account: account.to_owned(),
            name: bucket.to_owned(),
            alone: prefix.is_none(),
        });
        Ok(self)
    }

    /// Adds a Lambda function with its versions and aliases.
    ///
    /// # Errors
    /// [`FootprintError::Name`] when the name can not be one.
    pub fn function(mut self, scope: &Scope, function: &str) -> Result<Self, FootprintError> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if function.is_empty() || function.len() > 64 || !function.bytes().all(letter) {
            return Err(name("Lambda function", function));
        }
        let root = scope.arn("lambda", &format!("function:{function}"));
        self.faces.push(Face::new("lambda", &root));
        self.faces.push(Face::new("lambda", &format!("{root}:*")));
        self.homes.insert(Home::Function {
            account: scope.account().to_owned(),
            region: scope.region().to_owned(),
            name: function.to_owned(),
        });
        Ok(self)
    }

    /// Adds a secret by its name, or by its ARN of that account and region.
    ///
    /// The ARN of a secret ends with six random letters. With a name, whatever six letters
    /// follow belong to it; a secret named as this one with a hyphen and six more letters
    /// would be taken for it too.
    ///
    /// # Errors
    /// [`FootprintError::Name`] when it can not be one.
    pub fn secret(mut self, scope: &Scope, secret: &str) -> Result<Self, FootprintError> {
        let root = scope.arn("secretsmanager", "secret:");
        let (short, whole) = match secret.strip_prefix(&root) {
            Some(end) => (end, true),
            None => (secret, false),
        };
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        if short.is_empty() || short.len() > 519 || !short.bytes().all(letter) {
            return Err(name("secret", secret));
        }
        if whole {
            self.faces
                .push(Face::new("secretsmanager", &format!("{root}{short}")));
        } else {
            // Policies name it with `-??????`, or wrongly with no end at all. `-*` is for
            // longer names too, so it covers.
            for end in ["", "-??????"] {
                self.faces
                    .push(Face::new("secretsmanager", &format!("{root}{short}{end}")));
            }
        }
        self.homes.insert(Home::Secret {
            account: scope.account().to_owned(),
            region: scope.region().to_owned(),
            name: secret.to_owned(),
        });
        Ok(self)
    }

    /// Adds any other ARN, that policies of users, groups and roles may name. A policy
    /// that hangs on the thing itself (of a queue, a topic, a key) is *not* read.
    ///
    /// # Errors
    /// [`FootprintError::Pattern`] when it is no ARN, or would match everything of its
    /// kind.
    pub fn in_identity_policies(mut self, pattern: &str) -> Result<Self, FootprintError> {
        let refuse = |why| Err(FootprintError::Pattern(short(pattern), why));
        let mut parts = pattern.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some(_), Some(_), Some(resource)) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return refuse("it is no ARN");
        };
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !plain(partition) || !plain(service) {
            return refuse("its partition and its service are words without wildcards");
        }
        if pattern.contains('$') || pattern.chars().any(char::is_control) {
            return refuse("it holds a variable or a control character");
        }
        let literal = resource.split(['*', '?']).next().unwrap_or_default();
        let mut words = literal.split(['/', ':']).filter(|word| !word.is_empty());
        // `table/` and `/restapis/` say of which kind, and `abc123/` says which one.
        let needed = if ["execute-api", "s3", "sns", "sqs"].contains(&service) {
            1
        } else {
            2
        };
        let whole = literal.len() == resource.len();
        let enough = words.clone().count() >= needed
            || (!literal.contains(['/', ':']) && literal.len() >= 3);
        if words.next().is_none() || !(whole || enough) {
            return refuse("it would match everything of its kind");
        }
        self.faces.push(Face::new(service, pattern));
        Ok(self)
    }

    pub(crate) fn faces(&self) -> &[Face] {
        &self.faces
    }

    pub(crate) fn homes(&self) -> &BTreeSet<Home> {
        &self.homes
    }
}

fn name(what: &'static str, name: &str) -> FootprintError {
    FootprintError::Name {
        what,
        name: short(name),
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
#[path = "footprint_tests.rs"]
mod unit;
