//! A reader of small logs for the tests of its promises.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use deprovision_core::catalog::Api;
use deprovision_core::time::Clock;
use deprovision_core::usage::{Demand, Shard};
use deprovision_usage::{Agents, Format, RouteTable, UsageReader};

/// Made once: in a test most of the time would go into it.
static AGENTS: LazyLock<Agents> = LazyLock::new(|| Agents::new().unwrap());

/// A reader of the log of one source, with one thread.
pub(crate) fn reader(source: &str, api: &Api, clock: Arc<dyn Clock>) -> UsageReader {
    UsageReader::new(source, RouteTable::new([api]), clock)
        .with_agents(AGENTS.clone())
        .with_format(Format::combined())
        .with_threads(1)
}

/// What the reader says of these files.
pub(crate) fn read(reader: &UsageReader, paths: &[PathBuf]) -> Shard {
    reader.read_files(paths).unwrap().shard
}

/// All demand in a shard, as one.
pub(crate) fn demand(shard: &Shard) -> Demand {
    let mut all = Demand::default();
    for (demand, _) in shard.endpoints.values() {
        all.merge(demand);
    }
    all
}

/// Each caller's requests, by name.
pub(crate) fn callers(shard: &Shard) -> Vec<(String, u64)> {
    let mut callers: Vec<(String, u64)> = shard
        .endpoints
        .values()
        .flat_map(|(_, counts)| counts)
        .map(|count| {
            let caller = &shard.callers[usize::try_from(count.caller).unwrap()];
            (caller.to_string(), count.requests)
        })
        .collect();
    callers.sort();
    callers
}
