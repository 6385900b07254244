use std::error::Error;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{Memory, Records, UsageFixture, usage};
use deprovision_core::id::CallerId;
use deprovision_core::provider::UsageSource;
use deprovision_core::time::{Period, Timestamp};
use deprovision_usage::AccessLog;

use crate::world::{World, line, now};

struct Fixture {
    world: World,
    log: AccessLog,
}

#[async_trait]
impl UsageFixture for Fixture {
    fn source(&self) -> &dyn UsageSource {
        &self.log
    }

    fn api(&self) -> &Api {
        &self.world.api
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn resolution(&self) -> Period {
        Period::ZERO
    }

    fn tells_callers(&self) -> bool {
        true
    }

    fn memory(&self) -> Memory {
        Memory::Stretches
    }

    fn told_as(&self, caller: &CallerId) -> CallerId {
        caller.clone()
    }

    /// Two files, the calls in the one and the health checks in the other.
    async fn record(&self, records: Records) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut kept = String::new();
        for window in &records.kept {
            let mut at = window.from;
            while at < window.to {
                kept.push_str(&line(at, "-", "/health", 200));
                at = Period::minutes(20).after(at);
            }
            kept.push_str(&line(window.to, "-", "/health", 200));
        }
        let calls: String = records
            .calls
            .iter()
            .map(|call| {
                let path = if call.ours {
                    "/v1/orders/7"
                } else {
                    "/v2/orders/7"
                };
                line(call.at, call.caller.as_str(), path, call.status)
            })
            .collect();
        // An empty file is a doubt of its own; every case is about something else.
        let (kept, calls) = match kept.find('\n') {
            Some(first) if calls.is_empty() => {
                let (first, rest) = kept.split_at(first + 1);
                (rest.to_owned(), first.to_owned())
            }
            Some(_) | None => (kept, calls),
        };
        self.world.write("access.log", kept);
        self.world.write("access.log.1", calls);
        Ok(())
    }
}

#[tokio::test]
async fn an_access_log_keeps_all_promises_of_a_usage_source() {
    let world = World::new();
    let log = world.log(&["access.log", "access.log.1"]);
    let cases = usage(&Fixture { world, log }).await.unwrap();
    assert_eq!(cases, 18);
}
