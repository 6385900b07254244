//! The adapter: which account, which APIs, and what a person has looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{GrantId, IssuerId};
use deprovision_core::time::Timestamp;
use serde_json::Value;

use crate::error::invalid;
use crate::grants::account::{Account, AccountPolicy};
use crate::grants::footprint::{Footprint, Home};
use crate::grants::home::{PolicyHome, Read};
use crate::grants::iam::Iam;
use crate::grants::inline::Inline;
use crate::grants::managed::{Managed, Surroundings};
use crate::grants::survey::{GrantSurvey, Surveyor, users_only_of};
use crate::grants::target::Target;
use crate::grants::writing::{Steps, Stop};
use crate::iam::{ISSUER, PROVIDER};
use crate::policy_language::Place;
use crate::scope::Scope;

/// The permissions of an AWS account that name an API: statements of managed and inline
/// policies, of trust policies, and of the policies of buckets, REST APIs and secrets.
///
/// A grant is one statement, or the part of one that names the API: see the crate's
/// documentation for how it is named, and for what is not looked at.
///
/// ```
/// # fn adapter(iam: &aws_sdk_iam::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use deprovision_aws::{Footprint, IamGrants, Scope};
/// use deprovision_core::id::ApiId;
/// let scope = Scope::new("123456789012", "eu-central-1")?;
/// let orders = Footprint::empty().rest_api(&scope, "abc123", None)?;
/// let grants = IamGrants::new(iam, scope)
///     .with_api(ApiId::parse("orders-v1")?, orders)
///     // An administrator may call everything, and somebody looked at that.
///     .accepting(["aws-iam:123456789012:global:aws/policy/AdministratorAccess#\
///         1f2e3d4c5b6a79880123456789abcdef.0123456789abcdef".parse()?]);
/// # let _ = grants;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct IamGrants {
    pub(crate) scope: Scope,
    pub(crate) iam: Arc<Iam>,
    pub(crate) inline: Inline,
    pub(crate) managed: Managed,
    pub(crate) buckets: Option<Arc<dyn PolicyHome>>,
    pub(crate) rest_apis: Option<Arc<dyn PolicyHome>>,
    pub(crate) secrets: Option<Arc<dyn PolicyHome>>,
    pub(crate) functions: Option<Arc<dyn PolicyHome>>,
    apis: BTreeMap<ApiId, Footprint>,
    accepted: BTreeSet<GrantId>,
}

impl IamGrants {
    /// The identity policies of the account that the client talks to. The client is
    /// rebuilt without retries: the engine retries.
    #[must_use]
    pub fn new(client: &aws_sdk_iam::Client, scope: Scope) -> Self {
        let iam = Arc::new(Iam::new(client, scope.clone()));
        Self {
            scope,
            inline: Inline { iam: iam.clone() },
            managed: Managed { iam: iam.clone() },
            iam,
            buckets: None,
            rest_apis: None,
            secrets: None,
            functions: None,
            apis: BTreeMap::new(),
            accepted: BTreeSet::new(),
        }
    }

    /// What an API is in AWS. An API that the adapter was not told of is an error.
    #[must_use]
    pub fn with_api(mut self, api: ApiId, footprint: Footprint) -> Self {
        self.apis.insert(api, footprint);
        self
    }

    /// Reads and edits the policies of the APIs' buckets too. Without it, an API that has
    /// a bucket gets no complete answer.
    #[cfg(feature = "s3")]
    #[must_use]
    pub fn with_buckets(mut self, client: &aws_sdk_s3::Client) -> Self {
        let buckets = crate::grants::bucket::Buckets::new(client, self.scope.clone());
        self.buckets = Some(Arc::new(buckets));
        self
    }

    /// Reads and edits the policies of the APIs' REST APIs too.
    ///
    /// What API Gateway stores takes effect with the next deployment of a stage; nothing
    /// is deployed here, for that would ship whatever else is stored.
    #[cfg(feature = "apigateway")]
    #[must_use]
    pub fn with_rest_apis(mut self, client: &aws_sdk_apigateway::Client) -> Self {
        let apis = crate::grants::rest_api::RestApis::new(client, self.scope.clone());
        self.rest_apis = Some(Arc::new(apis));
        self
    }

    /// Reads and edits the policies of the APIs' secrets too.
    #[cfg(feature = "secretsmanager")]
    #[must_use]
    pub fn with_secrets(mut self, client: &aws_sdk_secretsmanager::Client) -> Self {
        let secrets = crate::grants::secret::Secrets::new(client, self.scope.clone());
        self.secrets = Some(Arc::new(secrets));
        self
    }

    /// Reads and edits the policies of the APIs' Lambda functions too, with those of their
    /// aliases and versions. A statement that Lambda would let nobody add again is not
    /// removed.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub fn with_functions(mut self, client: &aws_sdk_lambda::Client) -> Self {
        let functions = crate::grants::function::Functions::new(client, self.scope.clone());
        self.functions = Some(Arc::new(functions));
        self
    }

    /// Grants that this program never reports to a retirement, whichever it is: covering
    /// and undecided ones are not listed, and ones that name the API are not removed.
    ///
    /// That is no waiver: nobody signs it, it does not end, and neither the log nor the
    /// certificate knows of it. A grant that may stay while one API is retired, the
    /// administrators' or that of the role that runs the retirement, gets one from
    /// [`Engine::waive`](deprovision_core::engine::Engine::waive) (invariant I-6).
    /// Use this for what is no grant to the API at all, though its words say so, and
    /// keep the list under review: [`GrantSurvey::accepted`] goes on showing them.
    ///
    /// [`survey`](Self::survey) gives their ids. An id is bound to the statement's words:
    /// a statement that is changed in any of them is open again. It is not bound to who
    /// holds the policy: a policy that is attached to more people stays accepted.
    #[must_use]
    pub fn accepting(mut self, grants: impl IntoIterator<Item = GrantId>) -> Self {
        self.accepted.extend(grants);
        self
    }

    /// The issuer that these grants belong to: the one whose keys the account gives out.
    ///
    /// # Errors
    /// None for a valid scope.
    pub fn issuer_id(&self) -> Result<IssuerId, ProviderError> {
        self.scope
            .global_locator(PROVIDER, ISSUER)
            .map(IssuerId::new)
    }

    /// Everything that lets somebody in to an API, and all that can not be told.
    ///
    /// Costs one call for every thousand users, groups, roles and policies, and up to
    /// three for every bucket, REST API and secret of the API. Nothing is written.
    ///
    /// # Errors
    /// [`ProviderError`] when AWS refuses a call, when the API was not named with
    /// [`with_api`](Self::with_api), or when the client talks to another account.
    pub async fn survey(&self, api: &ApiId) -> Result<Observation<GrantSurvey>, ProviderError> {
        let footprint = self.footprint("survey grants", api)?;
        let as_of = Timestamp::now();
        let account = Account::read(&self.iam).await?;
        let mut surveyor = Surveyor {
            scope: &self.scope,
            footprint,
            accepted: &self.accepted,
            survey: GrantSurvey::default(),
        };
        surveyor.account(&account)?;
        for home in footprint.homes() {
            self.home(&mut surveyor, home).await?;
        }
        let survey = surveyor.survey;
        Ok(match survey.doubt() {
            Some(doubt) => Observation::partial(survey, as_of, doubt),
            None => Observation::complete(survey, as_of),
        })
    }

    /// Users for whom everything that their policies and those of their groups allow
    /// names this API alone: their keys open nothing else. A user that nothing is allowed
    /// to is not among them.
    ///
    /// # Errors
    /// As [`survey`](Self::survey).
    pub async fn principals_only_of(
        &self,
        api: &ApiId,
    ) -> Result<Observation<Vec<String>>, ProviderError> {
        let footprint = self.footprint("find the users of one API", api)?;
        let as_of = Timestamp::now();
        let account = Account::read(&self.iam).await?;
        if account.holders == 0 {
            return Ok(Observation::unknown(
                "no user, group or role was seen, not even the one that asks",
            ));
        }
        let (only, unclear) = users_only_of(&account, footprint);
        Ok(match unclear.len() {
            0 => Observation::complete(only, as_of),
            count => {
                let shown = unclear
                    .iter()
                    .take(5)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", ");
                let missing = format!(
                    "the policies of {count} users can not be decided, the first are {shown}"
                );
                Observation::partial(only, as_of, missing)
            }
        })
    }

    async fn home(&self, surveyor: &mut Surveyor<'_>, home: &Home) -> Result<(), ProviderError> {
        let here = |account: &str, region: &str| {
            account == self.scope.account() && region == self.scope.region()
        };
        let (target, alone, here) = match home {
            Home::Bucket {
                account,
                name,
                alone,
            } => {
                let here = account == self.scope.account();
                (Target::Bucket(name.clone()), *alone, here)
            }
            Home::RestApi {
                account,
                region,
                id,
                alone,
            } => (Target::RestApi(id.clone()), *alone, here(account, region)),
            Home::Secret {
                account,
                region,
                name,
            } => (Target::Secret(name.clone()), true, here(account, region)),
            Home::Function {
                account,
                region,
                name,
            } => (Target::Function(name.clone()), true, here(account, region)),
        };
        if !here {
            let unread = format!("the {target} lies outside {}", self.scope);
            surveyor.survey.unread.push(unread);
            return Ok(());
        }
        let Some((keeper, name)) = self.hanging(&target) else {
            let unread = format!("the {target} was not read: the adapter has no client for it");
            surveyor.survey.unread.push(unread);
            return Ok(());
        };
        let place = if alone { Place::Own } else { Place::Shared };
        for name in keeper.all_of(&name).await? {
            let target = target.sibling(name);
            match self.read(&target).await?.0 {
                Read::There(standing) => {
                    let policy = AccountPolicy {
                        standing: None,
                        held: true,
                        bounds: false,
                    };
                    surveyor.policy(&target, &standing, place, &policy)?;
                }
                Read::Gone(_) => {}
                Read::Blind(why) => surveyor.survey.unread.push(why),
            }
        }
        Ok(())
    }

    pub(crate) fn footprint(
        &self,
        operation: &str,
        api: &ApiId,
    ) -> Result<&Footprint, ProviderError> {
        self.apis.get(api).ok_or_else(|| {
            invalid(
                operation,
                format!("nobody said what {api} is in AWS; name it with with_api"),
            )
        })
    }

    /// The keeper of a policy that hangs on something, when there is a client for it.
    fn hanging(&self, target: &Target) -> Option<(&dyn PolicyHome, String)> {
        let (home, name) = match target {
            Target::Bucket(name) => (&self.buckets, name),
            Target::RestApi(id) => (&self.rest_apis, id),
            Target::Secret(name) => (&self.secrets, name),
            Target::Function(name) => (&self.functions, name),
            Target::Managed(_) | Target::OfAws(_) | Target::Inline { .. } | Target::Trust(_) => {
                return None;
            }
        };
        home.as_deref().map(|home| (home, name.clone()))
    }

    pub(crate) fn home_of(
        &self,
        operation: &str,
        target: &Target,
    ) -> Result<(&dyn PolicyHome, String), ProviderError> {
        self.hanging(target).ok_or_else(|| {
            invalid(
                operation,
                format!("the adapter has no client for the {target}"),
            )
        })
    }

    /// A policy as it stands now.
    pub(crate) async fn read(
        &self,
        target: &Target,
    ) -> Result<(Read, Option<Surroundings>), ProviderError> {
        let plain = match target {
            Target::Managed(path) => return self.managed.read(path).await,
            Target::OfAws(path) => self.managed.read_of_aws(path).await,
            Target::Inline {
                holder,
                name,
                policy,
            } => self.inline.read(*holder, name, policy).await,
            Target::Trust(role) => self.inline.read_trust(role).await,
            Target::Bucket(_) | Target::RestApi(_) | Target::Secret(_) | Target::Function(_) => {
                let (home, name) = self.home_of("read a policy", target)?;
                home.read(&name).await
            }
        };
        Ok((plain?, None))
    }

    /// Sets or takes away a policy that exists.
    pub(crate) async fn write(
        &self,
        target: &Target,
        document: Option<&Value>,
        steps: &mut Steps,
    ) -> Result<(), Stop> {
        match (target, document) {
            (Target::Managed(path), Some(document)) => {
                self.managed.change(path, document, steps).await
            }
            (Target::Managed(path), None) => self.managed.delete(path, steps).await,
            (Target::OfAws(path), _) => Err(Stop::NotDone(format!(
                "{path} is AWS's own policy; detach it by hand"
            ))),
            (
                Target::Inline {
                    holder,
                    name,
                    policy,
                },
                document,
            ) => {
                self.inline
                    .write(*holder, name, policy, document, steps)
                    .await
            }
            (Target::Trust(role), Some(document)) => {
                self.inline.write_trust(role, document, steps).await
            }
            (Target::Trust(role), None) => Err(Stop::NotDone(format!(
                "role {role} can not be without a trust policy"
            ))),
            (
                Target::Bucket(_) | Target::RestApi(_) | Target::Secret(_) | Target::Function(_),
                document,
            ) => {
                let (home, name) = self
                    .home_of("write a policy", target)
                    .map_err(Stop::Failed)?;
                home.write(&name, document, steps).await
            }
        }
    }
}
