//! Once a week: what the logs tell of all APIs goes to those who own them, without a
//! retirement and so without a permit (`Courier::inform`).

use deprovision_core::audit::{Audit, with_callers};
use deprovision_core::time::{Period, Timestamp};
use deprovision_examples::Problem;
use deprovision_usage::{Depth, Format, Inputs, RouteTable, UsageReader};

use crate::world::{SOURCE, World};

const EVERY: Period = Period::days(7);

/// When the last audit was.
const LAST: &str = "audited";

/// When the next audit is.
pub(crate) fn next(world: &World) -> Result<Timestamp, Problem> {
    Ok(match world.files.read(LAST)? {
        Some(last) => EVERY.after(last.trim().parse()?),
        None => world.start,
    })
}

/// Audits when it is time; gives how many notices were queued.
///
/// A process that dies in the middle is followed by one that does it again: what was
/// queued before on that day is not queued twice, for it has the same id.
pub(crate) async fn if_due(world: &World) -> Result<Option<usize>, Problem> {
    if next(world)? > world.clock().now() {
        return Ok(None);
    }
    let reader = UsageReader::new(
        SOURCE,
        RouteTable::new(world.given.catalog.apis.values()),
        world.clock(),
    )
    .with_format(Format::combined())
    .with_probe_agent(&world.probe_agent);
    let log = world.files.path("access.log");
    let read = tokio::task::spawn_blocking(move || {
        let inputs = Inputs::expand([log], Depth::OneLevel)?;
        Ok::<_, Problem>(reader.read(&inputs)?.into_report())
    });
    let report = read.await??;
    // After the reading: what was read later than that would prove nothing.
    let now = world.clock().now();
    let catalog = with_callers(&world.given.catalog, &report, &world.given.directory);
    let audit = Audit::of(&catalog, &report, &world.given.policy, now);
    let courier = &world.courier;
    let mut notices = audit.alerts(&catalog, |name| courier.audit_id(name))?;
    notices.extend(audit.digests(&catalog, |name| courier.audit_id(name))?);
    for notice in &notices {
        courier.inform(notice).await?;
    }
    world.files.write(LAST, now.to_string())?;
    Ok(Some(notices.len()))
}
