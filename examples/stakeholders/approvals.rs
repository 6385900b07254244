//! Links by which people approve.

use deprovision_core::engine::Status;
use deprovision_core::id::PersonId;
use deprovision_examples::{Problem, approvals_asked};

use crate::world::World;

/// A link for each of those who may approve what waits for an approval.
///
/// Notices have no such links: who may approve is for the embedder to know, and how they
/// get them. The moment is in the name, for an approval runs out and may be given again.
pub(crate) async fn approval_links(
    world: &World,
    status: &Status,
) -> Result<Vec<(PersonId, String)>, Problem> {
    let (now, id) = (world.clock().now(), &status.retirement);
    let moment = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut links = Vec::new();
    for (plan, step) in approvals_asked(&world.engine, status, now).await? {
        let state = world.engine.retirement(id).await?;
        let given: Vec<&PersonId> = state
            .approvals()
            .iter()
            .filter(|given| given.step == step && now < given.expires)
            .map(|given| &given.by)
            .collect();
        for person in ["ann", "bob"] {
            let person = PersonId::parse(person)?;
            if given.contains(&&person) {
                continue;
            }
            let name = format!("{id}/approval/{moment}/{person}");
            let notice = world.courier.notice_id(&name)?;
            let what = (plan, step.clone());
            let link = world.desk.approval(id, &person, &notice, what, now);
            links.push((person, link));
        }
    }
    Ok(links)
}
