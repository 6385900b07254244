//! The adapters of deprovision-aws, as the file asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use deprovision_aws::s3::{
    ArchiveLock, ArchiveOptions, S3Archive, S3Datasets, S3Eraser, S3Error, S3Place,
};
use deprovision_aws::{
    ApiGateway, ApiGatewayKeys, CloudWatchMetric, CloudWatchUsage, Footprint, GoneBackend,
    IamAccessKeys, IamGrants, LastUsedKeys, NeededPolicy, NoticeBy, Scope, ScopeError, Secrets,
    Undeployed,
};
use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CredentialObserver, ProviderError};
use deprovision_core::resource::{AccessPathId, CredentialId, IssuerId};
use deprovision_core::time::Clock;
use deprovision_examples::Problem;

use crate::clients::Clients;
use crate::config::{Archive, Config, Metric, Notice};

/// The names of the usage sources, as catalogs name them.
const USAGE: &str = "cloudwatch";
const LAST_USED: &str = "iam-last-used";

/// Data, its archive and its end.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) datasets: S3Datasets,
    pub(crate) archive: S3Archive,
    pub(crate) eraser: S3Eraser,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) gateway: ApiGateway,
    pub(crate) gateway_keys: ApiGatewayKeys,
    pub(crate) grants: Arc<IamGrants>,
    pub(crate) keys: IamAccessKeys,
    pub(crate) last_used: Arc<LastUsedKeys>,
    pub(crate) secrets: Secrets,
    pub(crate) store: Option<Store>,
    pub(crate) usage: Arc<CloudWatchUsage>,
    scope: Scope,
}

impl Parts {
    /// Puts them together. Nothing is called yet.
    pub(crate) fn new(
        config: &Config,
        api: &Api,
        clients: &Clients,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let scope = Scope::new(&config.account, &config.region).map_err(|error| {
            let field = if matches!(error, ScopeError::Region(_)) {
                "region"
            } else {
                "account"
            };
            config.mistake(field, &error.to_string())
        })?;
        let mut gateway_keys = ApiGatewayKeys::new(&clients.apigateway, scope.clone());
        for id in rest_apis(api) {
            gateway_keys = gateway_keys.rest_api(&api.id, id)?;
        }
        let keys = keys(config, api, clients, &scope)?;
        Ok(Self {
            gateway: gateway(config, clients, &scope, clock)?,
            gateway_keys,
            grants: Arc::new(
                IamGrants::new(&clients.iam, scope.clone())
                    .with_api(api.id.clone(), footprint(config, api, &scope)?)
                    .with_buckets(&clients.s3)
                    .with_rest_apis(&clients.apigateway)
                    .with_secrets(&clients.secretsmanager)
                    .with_functions(&clients.lambda)
                    .accepting(config.grants.accepted.iter().cloned()),
            ),
            last_used: Arc::new(last_used(config, api, clients, clock, &keys)?),
            keys,
            secrets: secrets(config, api, clients, &scope)?,
            store: match &config.archive {
                Some(archive) => Some(store(config, archive, clients, &scope)?),
                None => None,
            },
            usage: Arc::new(usage(config, api, clients, clock)),
            scope,
        })
    }

    /// The API keys of the API that are there now.
    pub(crate) async fn api_keys(&self, api: &Api) -> Result<Vec<CredentialId>, Problem> {
        let issuer = self.gateway_keys.issuer_id()?;
        if !api.resources.issuers.contains(&issuer) {
            return Ok(Vec::new());
        }
        match self.gateway_keys.credentials(&issuer, &api.id).await? {
            Observation::Known { value, .. } => Ok(value),
            Observation::Unknown { why } => Err(why.into()),
        }
    }

    /// The URLs under which callers know each path of the API, and what may be missing.
    pub(crate) async fn faces(
        &self,
        api: &Api,
    ) -> Result<(BTreeMap<AccessPathId, Vec<String>>, Vec<String>), ProviderError> {
        let (mut faces, mut doubts) = (BTreeMap::new(), Vec::new());
        for path in &api.resources.access_paths {
            let seen = self.gateway.faces(path).await?;
            doubts.extend(seen.doubt().map(|why| format!("{path}: {why}")));
            let Observation::Known { value, .. } = seen else {
                continue;
            };
            let urls = value.iter().map(|face| face.url().to_owned()).collect();
            faces.insert(path.clone(), urls);
        }
        Ok((faces, doubts))
    }

    /// The IAM policy that each part needs, by what it does.
    pub(crate) fn policies(&self, api: &Api) -> Result<BTreeMap<String, NeededPolicy>, Problem> {
        let id = &api.id;
        let mut all = BTreeMap::new();
        let mut add = |what: &str, policy| all.insert(what.to_owned(), policy);
        add("usage", self.usage.permissions());
        if api.usage_sources.iter().any(|name| name == LAST_USED) {
            let last_used = self.last_used.permissions(&self.scope, id);
            add("usage: last used keys", last_used);
        }
        add("keys: observe", self.keys.permissions_to_observe(id));
        add("keys: freeze", self.keys.permissions_to_freeze(id));
        add("keys: disable", self.keys.permissions_to_disable(id));
        add("keys: delete", self.keys.permissions_to_delete(id));
        add("grants: list", self.grants.permissions_to_list(id)?);
        let keys = &self.gateway_keys;
        add("API keys: observe", keys.permissions_to_observe());
        add("API keys: disable", keys.permissions_to_disable());
        add("API keys: delete", keys.permissions_to_delete());
        add("usage plans: edit", keys.permissions_to_remove_grants());
        if api.resources.issuers.contains(&self.secrets.issuer_id()?) {
            let secrets = &self.secrets;
            add("secrets: observe", secrets.permissions_to_observe(id));
            add("secrets: disable", secrets.permissions_to_disable(id));
            add("secrets: delete", secrets.permissions_to_delete(id));
        }
        for path in &api.resources.access_paths {
            let name = path.name();
            let observe = self.gateway.permissions_to_observe(path)?;
            let faces = self.gateway.permissions_for_faces(path)?;
            add(&format!("path {name}: observe"), observe.and(faces));
            let set = self.gateway.permissions_to_set(path)?;
            add(&format!("path {name}: close, reopen"), set);
        }
        if let Some(store) = &self.store {
            for data in &api.resources.datasets {
                let name = data.name();
                add(
                    &format!("data {name}: read"),
                    store.datasets.permissions(data)?,
                );
                add(
                    &format!("data {name}: erase"),
                    store.eraser.permissions(data)?,
                );
            }
            let archive = &store.archive;
            add("archive: read", archive.permissions_to_read());
            add("archive: write", archive.permissions_to_archive());
            add("archive: restore", archive.permissions_to_restore());
            add("archive: discard", archive.permissions_to_discard());
        }
        Ok(all)
    }

    /// The IAM policy for removing the grants that are there now, and putting them back.
    pub(crate) async fn policy_to_edit_grants(
        &self,
        api: &Api,
    ) -> Result<Option<NeededPolicy>, ProviderError> {
        let survey = self.grants.survey(&api.id).await?;
        let Observation::Known { value: survey, .. } = survey else {
            return Ok(None);
        };
        let mut needed: Option<NeededPolicy> = None;
        for found in &survey.naming {
            let more = self.grants.permissions_to_edit(&found.id)?;
            needed = Some(match needed {
                Some(needed) => needed.and(more),
                None => more,
            });
        }
        Ok(needed)
    }
}

fn rest_apis(api: &Api) -> impl Iterator<Item = &str> {
    let paths = api.resources.access_paths.iter();
    paths
        .filter(|path| path.provider().as_str() == "aws-apigateway")
        .filter_map(|path| path.name().strip_prefix("rest/"))
}

fn gateway(
    config: &Config,
    clients: &Clients,
    scope: &Scope,
    clock: &Arc<dyn Clock>,
) -> Result<ApiGateway, Problem> {
    let gone = match &config.path.gone_backend {
        None => None,
        Some(arn) if arn.starts_with("arn:") => Some(GoneBackend::function(arn)?),
        Some(url) => Some(GoneBackend::url(url)?),
    };
    Ok(ApiGateway::new(scope.clone(), clock.clone())
        .with_rest_apis(&clients.apigateway)
        .with_notice_by(match config.path.notice {
            Notice::Gateway => NoticeBy::Gateway,
            Notice::Backend | Notice::Nobody => NoticeBy::Backend,
        })
        .with_undeployed(if config.path.deploy_undeployed {
            Undeployed::DangerouslyDeploy
        } else {
            Undeployed::Refuse
        })
        .with_http_apis(&clients.apigatewayv2, gone))
}

fn keys(
    config: &Config,
    api: &Api,
    clients: &Clients,
    scope: &Scope,
) -> Result<IamAccessKeys, Problem> {
    let known = api.resources.credentials.iter();
    let known = known.filter(|key| key.provider().as_str() == "aws-iam");
    let mut keys =
        IamAccessKeys::new(&clients.iam, scope.clone()).named(&api.id, known.cloned())?;
    if let Some(path) = &config.keys.path {
        keys = keys
            .path(&api.id, path)
            .map_err(|error| config.mistake("keys.path", &error.to_string()))?;
    }
    if let Some(tag) = &config.keys.user_tag {
        keys = keys.user_tag(tag);
    }
    if config.keys.key_tags {
        keys = keys.key_tags();
    }
    keys = keys
        .users(&api.id, &config.keys.users)
        .map_err(|error| config.mistake("keys.users", &error.to_string()))?;
    is_issuer(config, api, config.keys.says(), &keys.issuer_id()?)?;
    Ok(keys)
}

fn secrets(
    config: &Config,
    api: &Api,
    clients: &Clients,
    scope: &Scope,
) -> Result<Secrets, Problem> {
    let known = api.resources.credentials.iter();
    let known = known.filter(|secret| secret.provider().as_str() == "aws-secretsmanager");
    let mut secrets =
        Secrets::new(&clients.secretsmanager, scope.clone()).named(&api.id, known.cloned())?;
    for name in &config.secrets.names {
        let id = secrets.secret_id(name);
        secrets = id
            .and_then(|id| secrets.named(&api.id, [id]))
            .map_err(|error| config.mistake("secrets.names", &error.to_string()))?;
    }
    if let Some(tag) = &config.secrets.tag {
        secrets = secrets.tag(tag);
    }
    is_issuer(config, api, config.secrets.says(), &secrets.issuer_id()?)?;
    Ok(secrets)
}

/// What a field says is only looked for at issuers that the catalog names.
fn is_issuer(
    config: &Config,
    api: &Api,
    field: Option<&str>,
    issuer: &IssuerId,
) -> Result<(), Problem> {
    // Whether the account is the right one is asked of AWS, later.
    let mut named = api.resources.issuers.iter();
    let is_named = named.any(|it| (it.provider(), it.name()) == (issuer.provider(), issuer.name()));
    match field {
        Some(field) if !is_named => {
            let why = format!(
                "the catalog does not name {issuer} among the issuers of {}, so nothing would be \
                 looked for; add it there",
                api.id
            );
            Err(config.mistake(field, &why).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// What the API is in AWS: what the catalog names, and the secrets and functions of the file.
fn footprint(config: &Config, api: &Api, scope: &Scope) -> Result<Footprint, Problem> {
    let mut footprint = Footprint::of(api, scope)?;
    for name in &config.secrets.names {
        footprint = footprint
            .secret(scope, name)
            .map_err(|error| config.mistake("secrets.names", &error.to_string()))?;
    }
    for name in &config.grants.functions {
        footprint = footprint
            .function(scope, name)
            .map_err(|error| config.mistake("grants.functions", &error.to_string()))?;
    }
    Ok(footprint)
}

fn last_used(
    config: &Config,
    api: &Api,
    clients: &Clients,
    clock: &Arc<dyn Clock>,
    keys: &IamAccessKeys,
) -> Result<LastUsedKeys, Problem> {
    let wanted = config.usage.last_used;
    let named = api.usage_sources.iter().any(|name| name == LAST_USED);
    let why = match (wanted, named) {
        (true, false) => Some(format!(
            "the catalog does not name {LAST_USED} among the usage_sources of {}; add it there, \
             or nobody asks it",
            api.id
        )),
        (false, true) => Some(format!(
            "the catalog names {LAST_USED} among the usage_sources of {}; set it to true",
            api.id
        )),
        (true, true) if config.keys.says().is_none() => {
            Some("nothing says whose keys; say it in [keys]".to_owned())
        }
        (true, true) | (false, false) => None,
    };
    match why {
        Some(why) => Err(config.mistake("usage.last_used", &why).into()),
        None => {
            Ok(LastUsedKeys::new(&clients.iam, LAST_USED, clock.clone()).with_keys(keys.clone()))
        }
    }
}

fn store(
    config: &Config,
    archive: &Archive,
    clients: &Clients,
    scope: &Scope,
) -> Result<Store, Problem> {
    let wrong = |field: &'static str| {
        move |error: S3Error| Problem::from(config.mistake(field, &error.to_string()))
    };
    let datasets = S3Datasets::new(&clients.s3, scope.clone())?;
    let lock =
        ArchiveLock::governance(archive.locked_days).map_err(wrong("archive.locked_days"))?;
    let mut options = ArchiveOptions::new().lock(lock);
    if let Some(key) = &archive.kms_key {
        options = options.kms_key(key);
    }
    let place = S3Place::new(&archive.bucket, &archive.prefix).map_err(wrong("archive.bucket"))?;
    let scratch = S3Place::new(&archive.scratch, "").map_err(wrong("archive.scratch"))?;
    let archives = S3Archive::new(
        &clients.s3,
        scope.clone(),
        datasets.clone(),
        place,
        scratch,
        options,
    );
    Ok(Store {
        archive: archives.map_err(wrong("archive.scratch"))?,
        datasets,
        eraser: S3Eraser::new(&clients.s3, scope.clone())?,
    })
}

fn usage(config: &Config, api: &Api, clients: &Clients, clock: &Arc<dyn Clock>) -> CloudWatchUsage {
    let metrics = config.usage.metrics.iter().map(metric);
    let usage = CloudWatchUsage::new(&clients.cloudwatch, USAGE, clock.clone())
        .with_api(api.id.clone(), metrics);
    match &config.usage.control {
        Some(control) => usage.with_control(metric(control), config.usage.control_pause),
        None => usage,
    }
}

fn metric(of: &Metric) -> CloudWatchMetric {
    of.dimensions.iter().fold(
        CloudWatchMetric::new(&of.namespace, &of.name),
        |metric, (name, value)| metric.with_dimension(name, value),
    )
}
