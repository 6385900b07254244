//! What several targets need: a small catalog, and readers of logs for it.

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::id::ApiId;
use deprovision_core::time::{ManualClock, Timestamp};
use deprovision_core::usage::Shard;
use deprovision_usage::{Agents, Format, RouteTable, UsageReader};

/// One API with routes of every kind.
pub fn orders() -> Api {
    let id = ApiId::parse("orders-v1").unwrap_or_else(|error| panic!("{error}"));
    let mut api = Api::new(id, "Orders");
    for (method, path) in [
        (Method::Get, "/v1/orders"),
        (Method::Post, "/v1/orders"),
        (Method::Get, "/v1/orders/{id}"),
        (Method::Get, "/v1/orders/{id}.json"),
        (Method::Get, "/v1/orders/export"),
        (Method::Delete, "/v1/{kind}/export"),
        (Method::Get, "/v1/files/{path+}"),
    ] {
        api.routes.push(Route::new(method, path));
    }
    api
}

static TABLE: LazyLock<Arc<RouteTable>> = LazyLock::new(|| Arc::new(RouteTable::new([&orders()])));

static AGENTS: LazyLock<Agents> =
    LazyLock::new(|| Agents::new().unwrap_or_else(|error| panic!("{error}")));

/// A reader of the catalog's log, at one moment.
pub fn reader(format: Option<Format>, threads: usize) -> UsageReader {
    let now = Timestamp::from_second(1_800_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
    let clock = Arc::new(ManualClock::starting_at(now));
    let reader = UsageReader::new("fuzz", TABLE.clone(), clock)
        .with_agents(AGENTS.clone())
        .with_threads(threads);
    match format {
        Some(format) => reader.with_format(format),
        None => reader,
    }
}

/// What a reader counts; nothing where it says that it can not read.
pub fn count(reader: &UsageReader, bytes: &[u8]) -> Option<Shard> {
    let stream = Cursor::new(bytes.to_vec());
    let reading = reader.read_stream("log", stream).ok()?;
    Some(reading.shard)
}

/// How many requests of anybody a shard has, of APIs and of none.
pub fn requests(shard: &Shard) -> u64 {
    let endpoints = shard.endpoints.values().map(|(demand, _)| demand);
    let strays = shard.unmatched.iter().map(|stray| &stray.demand);
    endpoints
        .chain(strays)
        .map(|demand| {
            demand.consumers.requests + demand.bots.requests + demand.health_checks.requests
        })
        .sum()
}
