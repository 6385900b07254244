//! Looking: nothing is written, here or in AWS.
#![expect(clippy::print_stdout, reason = "what is found is printed for a person")]

use deprovision_aws::FoundGrant;
use deprovision_core::observation::Observation;
use deprovision_core::provider::error_chain;
use deprovision_examples::{Files, Problem};

use crate::retiring::Retiring;

/// Shows the plan.
pub(crate) async fn dry_run(retiring: &Retiring) -> Result<(), Problem> {
    // Letters and keys need a place, and are gone with it.
    let scratch = tempfile::tempdir()?;
    let engine = retiring
        .forgetful_engine(&Files::below(scratch.path()))
        .await?;
    let id = engine.propose(retiring.proposal()?).await?;
    let plan = engine.plan(&id).await.map_err(|error| {
        format!(
            "there is no plan yet ({}); where statements are in the way, `--grants` lists them",
            error_chain(&error)
        )
    })?;
    println!("{plan}");
    let (faces, doubts) = retiring.parts.faces(&retiring.api).await?;
    println!("\nURLs that are probed:");
    let known = faces.values().flatten();
    for url in known.chain(&retiring.config.path.probe) {
        println!("  {url}");
    }
    for doubt in doubts {
        println!("  not all may be seen: {doubt}");
    }
    Ok(())
}

/// Prints the policy of each part as one JSON document.
pub(crate) async fn policies(retiring: &Retiring, is_connected: bool) -> Result<(), Problem> {
    let mut policies = retiring.parts.policies(&retiring.api)?;
    if is_connected
        && let Some(policy) = retiring.parts.policy_to_edit_grants(&retiring.api).await?
    {
        policies.insert("grants: edit".to_owned(), policy);
    }
    println!("{}", serde_json::to_string_pretty(&policies)?);
    Ok(())
}

/// Lists who is let in, and what a person has to look at.
pub(crate) async fn grants(retiring: &Retiring) -> Result<(), Problem> {
    let survey = match retiring.survey().await? {
        Observation::Known { value, .. } => value,
        Observation::Unknown { why } => return Err(why.into()),
    };
    list("They name the API, and are removed:", &survey.naming);
    let open: Vec<FoundGrant> = [survey.covering, survey.undecided].concat();
    list("They let somebody in, or may, without naming it:", &open);
    list("They were looked at, and stay:", &survey.accepted);
    list(
        "Boundaries that name it; they let nobody in:",
        &survey.boundaries,
    );
    for why in &survey.unread {
        println!("not read: {why}");
    }
    if !open.is_empty() {
        println!("Once you have looked at those that stop the plan, put this into the file:\n");
        println!("[grants]\naccepted = [");
        // Those that were there before stay in the list.
        for found in survey.accepted.iter().chain(&open) {
            println!("    \"{}\",", found.id);
        }
        println!("]");
    }
    Ok(())
}

fn list(title: &str, grants: &[FoundGrant]) {
    if grants.is_empty() {
        return;
    }
    println!("{title}");
    for found in grants {
        println!("  {}: {}", found.policy, found.principal);
        println!("    {}; {}", found.why, found.id.name());
    }
    println!();
}
