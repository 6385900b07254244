//! What is true of a shop at the end, as far as it must not depend on where a
//! process was killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use deprovision_core::engine::Engine;
use deprovision_core::id::RetirementId;
use deprovision_core::ledger::{CheckpointStore, verify};
use deprovision_core::pipeline::ids;
use deprovision_core::provider::{EffectClass, Outcome};
use deprovision_core::retirement::{Event, Phase};
use deprovision_examples::shop::{Problem, Shop};
use deprovision_local::CheckpointDir;

/// The facts, to be compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    phase: Phase,
    /// Status codes of requests, by what was asked.
    answers: BTreeMap<String, u16>,
    /// The key file without its digests of digests.
    keys: serde_json::Value,
    /// How many letters there are, and to whom.
    letters: BTreeMap<String, u32>,
    /// The objects in the data, and in the archive.
    data: Vec<String>,
    archived: Vec<String>,
    /// The files of the default branch, without the days that are named in them, and our
    /// branches, by repository.
    trees: BTreeMap<String, (BTreeMap<String, String>, Vec<String>)>,
    /// How many commits of ours the default branch of the calling program has.
    removals: u32,
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Problem> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(
                    path.file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

/// Which approval a letter asks for: `orders-v1-approval-2-0a1b2c3d4e5f-sam-…`.
fn approval(letter: &str) -> Option<String> {
    let (api, rest) = letter.split_once("-approval-")?;
    let (number, rest) = rest.split_once('-')?;
    let (_, rest) = rest.split_once('-')?;
    let (person, _) = rest.rsplit_once('-')?;
    Some(format!("{api}-approval-{number}-{person}"))
}

/// A text without its days and moments: who waits for the lease of a process that died
/// plans a little later, and may close a day later.
fn without_days(text: &str) -> String {
    let is_moment = |word: &str| {
        let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let shape: String = word.chars().map(digits).collect();
        shape == "0000-00-00" || shape == "0000-00-00T00:00:00Z"
    };
    let between = |c: char| !c.is_ascii_alphanumeric() && !"-:".contains(c);
    let words = text.split_inclusive(between).map(|word| {
        let moment = word.trim_end_matches(between);
        match is_moment(moment) {
            true => word.replacen(moment, "MOMENT", 1),
            false => word.to_owned(),
        }
    });
    words.collect()
}

/// Looks at everything, from outside.
pub(crate) async fn look(
    shop: &Shop,
    engine: &Engine,
    id: &RetirementId,
) -> Result<Facts, Problem> {
    let mut answers = BTreeMap::new();
    let asked = [
        ("/v1/orders", &shop.held.billing),
        ("/v2/orders", &shop.held.billing_v2),
        ("/keys/check?api=orders-v1", &shop.held.billing),
        ("/keys/check?api=orders-v1", &shop.held.reports),
    ];
    for (number, (path, key)) in asked.into_iter().enumerate() {
        let answer = shop.callers.get(path, Some(key)).await?;
        answers.insert(format!("{number} {path}"), answer.status);
    }
    let keys: serde_json::Value =
        serde_json::from_str(&shop.files.read("keys.json")?.unwrap_or_default())?;
    let mut letters = BTreeMap::new();
    for name in names(&shop.files.path("outbox")) {
        if let Some(name) = name.strip_suffix(".eml") {
            // The name ends with a digest of the id: one name is one letter.
            match approval(name) {
                // Whose approval ran out while nobody was there is asked again, rightly.
                Some(asked) => drop(letters.insert(asked, 1)),
                None => *letters.entry(name.to_owned()).or_default() += 1,
            }
        }
    }
    let mut trees = BTreeMap::new();
    for name in ["billing", "orders-api"] {
        let folder = shop.files.path(&format!("repos/{name}"));
        let mut tree = BTreeMap::new();
        for file in git(&folder, &["ls-tree", "-r", "--name-only", "main"])?.lines() {
            let text = git(&folder, &["show", &format!("main:{file}")])?;
            tree.insert(file.to_owned(), without_days(&text));
        }
        let refs = ["for-each-ref", "--format=%(refname:short)", "refs/heads"];
        let branches = git(&folder, &refs)?.lines().map(str::to_owned).collect();
        trees.insert(name.to_owned(), (tree, branches));
    }
    let ours = [
        "rev-list",
        "--count",
        "--no-merges",
        "--author=deprovision",
        "main",
    ];
    let removals = git(&shop.files.path("repos/billing"), &ours)?.parse()?;
    let archived = names(&shop.files.path("archives"));
    Ok(Facts {
        phase: engine.status(id).await?.phase,
        answers,
        keys,
        letters,
        data: names(&shop.files.path("data/orders-v1")),
        archived: archived
            .into_iter()
            .filter(|name| name.ends_with(".zst"))
            .collect(),
        trees,
        removals,
    })
}

/// What has to hold of every log by itself.
pub(crate) async fn check_log(
    shop: &Shop,
    engine: &Engine,
    id: &RetirementId,
) -> Result<(), Problem> {
    let entries = engine.entries(id).await?;
    let keys = [shop.signer()?.verifier().clone()];
    let store = CheckpointDir::open(shop.files.path("checkpoints"))?;
    let note = store.latest(id).await?.ok_or("no checkpoint")?;
    verify(id, &entries, &[&note], &keys)?;
    let state = engine.retirement(id).await?;
    if state.phase(shop.start()?) == Phase::Retired {
        engine
            .certificate(id)
            .await?
            .verify_with_log(&keys, &entries)?;
    }
    // An action whose repetition is not absorbed is sent again only after it was
    // seen that the first time came to nothing.
    let mut may_have_happened: BTreeMap<String, bool> = BTreeMap::new();
    for entry in &entries {
        let event: Event = serde_json::from_value(entry.body.clone())?;
        match &event {
            Event::ActionIntended { action, .. } => {
                let step = state.step_of(action).ok_or("an action without a step")?;
                let effect = state.pipeline().step(step).ok_or("no such step")?.effect;
                let absorbed = match effect {
                    EffectClass::Absorbing | EffectClass::Reading => true,
                    EffectClass::Conditional
                    | EffectClass::Deduplicated
                    | EffectClass::Reconciled => false,
                };
                let before = may_have_happened.insert(action.to_string(), true);
                if before == Some(true) && !absorbed {
                    return Err(format!("{action} was sent again without a look").into());
                }
            }
            Event::ActionReported {
                action,
                outcome: Outcome::NotDone { .. },
            }
            | Event::ActionDelayed { action, .. } => {
                may_have_happened.insert(action.to_string(), false);
            }
            _other => {}
        }
    }
    let erased = entries.iter().filter(|entry| {
        entry.kind == "action_verified"
            && entry.body["action"]
                .as_str()
                .is_some_and(|a| a.starts_with(ids::ERASE))
    });
    if erased.count() > 1 {
        return Err("erased twice".into());
    }
    Ok(())
}
