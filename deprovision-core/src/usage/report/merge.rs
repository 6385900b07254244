//! Many shards as one report.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::id::ApiId;
use crate::usage::{ApiUse, Shard, Unmatched};

/// Usage of all APIs, from any number of shards.
///
/// Reports are merged by union: in any order, in any grouping, and the same shard
/// twice is the same as once. So machines may read their own logs, and whoever has
/// the files of their reports can put them together.
///
/// ```
/// use deprovision_core::{time::Timestamp, usage::{Input, Shard, UsageReport}};
/// let input = Input::new("access.log", b"10.0.0.7 - - [...", 4711);
/// let shard = Shard::new("edge", vec![input], None, Timestamp::UNIX_EPOCH)?;
/// let mut report = UsageReport::of(shard);
/// let again = report.clone();
/// report.merge(again)?;
/// assert_eq!(report.shards().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageReport {
    shards: BTreeMap<Digest, Shard>,
}

/// Why two reports can not be one. Neither is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The same input is in two different shards, and would count twice.
    #[error(
        "{first} and {second} begin with the same lines and are in two different shards, so their requests would count twice; read each log once, or merge the newest report of it alone"
    )]
    SameInput {
        /// Its name in the one.
        first: String,
        /// Its name in the other.
        second: String,
    },
    /// Two shards of the same inputs differ.
    #[error(
        "the same inputs of {source_name} were counted in two ways ({id}): with another catalog, other lists or other options; read them again in one way"
    )]
    Differs {
        /// The source's name.
        source_name: String,
        /// The shard.
        id: Digest,
    },
}

impl UsageReport {
    /// The report of one shard.
    #[must_use]
    pub fn of(shard: Shard) -> Self {
        Self {
            shards: BTreeMap::from([(shard.id, shard)]),
        }
    }

    /// The shards, in the order of their ids.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.values()
    }

    /// Adds the shards of another report.
    ///
    /// # Errors
    /// [`MergeError`] when requests would count twice; then nothing was added.
    pub fn merge(&mut self, other: Self) -> Result<(), MergeError> {
        let mut known: BTreeMap<(&str, Digest), &str> = BTreeMap::new();
        for shard in self.shards.values() {
            for input in &shard.inputs {
                known.insert((&shard.source, input.begins), &input.name);
            }
        }
        for (id, shard) in &other.shards {
            match self.shards.get(id) {
                Some(ours) if ours.counts_as(shard) => continue,
                Some(_) => {
                    return Err(MergeError::Differs {
                        source_name: shard.source.clone(),
                        id: *id,
                    });
                }
                None => {}
            }
            for input in &shard.inputs {
                if let Some(first) = known.get(&(shard.source.as_str(), input.begins)) {
                    return Err(MergeError::SameInput {
                        first: (*first).to_owned(),
                        second: input.name.clone(),
                    });
                }
            }
        }
        for (id, shard) in other.shards {
            self.shards.entry(id).or_insert(shard);
        }
        Ok(())
    }

    /// The names of the sources.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<&str> {
        self.shards().map(|shard| shard.source.as_str()).collect()
    }

    /// The APIs that anything was counted for.
    #[must_use]
    pub fn apis(&self) -> BTreeSet<&ApiId> {
        self.shards()
            .flat_map(|shard| shard.endpoints.keys().map(|endpoint| &endpoint.api))
            .collect()
    }

    /// What was counted for one API, over all shards.
    #[must_use]
    pub fn api(&self, api: &ApiId) -> ApiUse {
        let mut usage = ApiUse::default();
        let mut callers_of = BTreeMap::<_, BTreeSet<_>>::new();
        for shard in self.shards() {
            for (endpoint, (demand, callers)) in shard.endpoints_of(api) {
                usage.total.merge(demand);
                let operation = &endpoint.operation;
                usage
                    .operations
                    .entry(operation.clone())
                    .or_default()
                    .merge(demand);
                let distinct = callers_of.entry(operation).or_default();
                for count in callers {
                    let Some(caller) = shard.caller(count.caller) else {
                        continue;
                    };
                    distinct.insert(caller);
                    let (requests, last) = usage.callers.entry(caller.clone()).or_default();
                    *requests = requests.saturating_add(count.requests);
                    *last = (*last).max(count.last_seen());
                }
            }
        }
        for (operation, callers) in callers_of {
            let count = callers.len() as u64;
            usage.distinct.insert(operation.clone(), count);
        }
        usage
    }

    /// What fits no API, over all shards, by host and template.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Unmatched> {
        let mut all: BTreeMap<(&Option<String>, &str), Unmatched> = BTreeMap::new();
        for one in self.shards().flat_map(|shard| &shard.unmatched) {
            all.entry((&one.host, &one.template))
                .or_insert_with(|| Unmatched::new(one.host.clone(), one.template.clone()))
                .merge(one);
        }
        all.into_values().collect()
    }
}

impl Shard {
    /// Whether another one counted the same, whenever it was read and however its
    /// files were named then.
    fn counts_as(&self, other: &Self) -> bool {
        self.lines == other.lines
            && self.seen == other.seen
            && self.endpoints == other.endpoints
            && self.callers == other.callers
            && self.unmatched == other.unmatched
    }

    /// The endpoints of one API.
    pub(super) fn endpoints_of(
        &self,
        api: &ApiId,
    ) -> impl Iterator<Item = (&super::Endpoint, &(super::Demand, super::CallerCounts))> {
        // Of one API, the rest comes first.
        let first = super::Endpoint::new(api.clone(), None);
        let api = api.clone();
        self.endpoints
            .range(first..)
            .take_while(move |(endpoint, _)| endpoint.api == api)
    }

    /// A caller by its index.
    pub(super) fn caller(&self, index: u32) -> Option<&crate::id::CallerId> {
        self.callers.get(usize::try_from(index).ok()?)
    }
}
