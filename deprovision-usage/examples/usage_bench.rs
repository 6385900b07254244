//! What `cargo xtask bench usage` runs: reads one log for a catalog of routes and
//! prints what it counted.
//!
//! ```text
//! usage_bench LOG --routes FILE [--threads N] [--mode count|full]
//!             [--format combined|json] [--memory MIB]
//! ```
#![expect(clippy::print_stdout, reason = "this program prints its answer")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::id::ApiId;
use deprovision_core::time::SystemClock;
use deprovision_usage::{Format, JsonFields, RouteTable, UsageReader};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let (mut log, mut routes) = (None, None);
    let mut threads = 1;
    let mut full = true;
    let mut format = Format::combined();
    let mut memory = None;
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--routes" => routes = Some(value()?),
            "--threads" => threads = value()?.parse()?,
            "--mode" => {
                full = match value()?.as_str() {
                    "full" => true,
                    "count" => false,
                    other => return Err(format!("there is no mode {other}").into()),
                }
            }
            "--format" => {
                format = match value()?.as_str() {
                    "combined" => Format::combined(),
                    "json" => Format::json_lines(JsonFields::usual()),
                    other => return Err(format!("there is no format {other} here").into()),
                }
            }
            "--memory" => memory = Some(value()?.parse::<usize>()?),
            _ => log = Some(PathBuf::from(arg)),
        }
    }
    let (Some(log), Some(routes)) = (log, routes) else {
        return Err("name a log and --routes FILE".into());
    };
    let apis = catalog(&std::fs::read_to_string(routes)?)?;
    let mut reader = UsageReader::new(
        "bench",
        RouteTable::new(&apis),
        Arc::new(SystemClock::new()),
    )
    .with_format(format)
    .with_threads(threads);
    if !full {
        reader = reader.without_callers();
    }
    if let Some(memory) = memory {
        reader = reader.with_memory(memory << 20);
    }
    let shard = reader.read_files([log])?.shard;
    let (mut route_days, mut routes, mut pairs, mut errors) = (0, 0, 0, 0);
    for (endpoint, (demand, callers)) in &shard.endpoints {
        if endpoint.operation.is_some() && demand.consumers.requests > 0 {
            routes += 1;
            route_days += demand.consumers.days.iter().count();
            pairs += callers.len();
            errors += demand.consumers.statuses.errors();
        }
    }
    let callers = shard.callers.len();
    println!(
        "{},{route_days},{routes},{pairs},{callers},{errors}",
        shard.lines
    );
    if let Some(about) = shard.callers_about {
        let unlisted: u64 = shard.endpoints.values().map(|(d, _)| d.unlisted).sum();
        println!("about {about} callers; {unlisted} requests of callers that are not listed");
    }
    Ok(())
}

/// One API for each version of each resource: `/api/v1/orders/…` is `orders-v1`.
fn catalog(routes: &str) -> Result<Vec<Api>, Error> {
    let mut apis: BTreeMap<String, Api> = BTreeMap::new();
    for line in routes.lines() {
        let (method, path) = line.split_once(' ').ok_or("a route is METHOD PATH")?;
        let method = Method::ALL.into_iter().find(|m| m.name() == method);
        let method = method.ok_or_else(|| format!("there is no method in {line}"))?;
        let segments: Vec<&str> = path.split('/').collect();
        let name = match segments.as_slice() {
            [_, root, version, resource, ..] => format!("{root}-{resource}-{version}"),
            _ => path.trim_start_matches('/').to_owned(),
        };
        let route = Route::new(method, path);
        if let Some(api) = apis.get_mut(&name) {
            api.routes.push(route);
        } else {
            let mut api = Api::new(ApiId::parse(name.clone())?, name.clone());
            api.routes.push(route);
            apis.insert(name, api);
        }
    }
    Ok(apis.into_values().collect())
}
