//! What somebody is asked to approve.

use deprovision_core::provider::{ApprovalFacts, NoticeFacts};

use super::entry::MAX_TEXT;
use super::line::{cut, line};

/// How many bytes the actions of an approval have, as the chats count them: a text of
/// Slack's takes 2,000 characters.
const MAX_ACTIONS: usize = 1_800;
/// How many bytes of an action are kept when not even the first one fits.
const MAX_ACTION: usize = MAX_ACTIONS / 5;

/// What an approval is for.
pub(crate) struct Approves {
    /// Of which API: `Orders v1 (orders-v1)`.
    pub(crate) of: String,
    /// The step that can not be taken back; none for the plan as a whole.
    pub(crate) step: Option<String>,
}

/// What a post says of it.
pub(super) struct Asked {
    /// A word of ours, and what there is to say.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What is approved; none where not all of it is shown, so that nobody approves by a
    /// press what they could not read.
    pub(super) approves: Option<Approves>,
}

impl Asked {
    pub(super) fn of(facts: &NoticeFacts, approval: &ApprovalFacts) -> Self {
        let step = approval.step.as_deref().map(|step| line(step, usize::MAX));
        let (actions, whole) = actions(approval);
        let plan = line(&approval.plan, usize::MAX);
        let mut said = Vec::new();
        let mut say = |label, text: String| {
            if !text.is_empty() {
                said.push((label, text));
            }
        };
        if let Some(step) = &step {
            // The words of ours come after, so that they are never what is cut off.
            let step = cut(step, MAX_TEXT);
            say("Step", format!("{step} (can not be taken back)"));
        }
        say("What is done", actions);
        say("Plan", cut(&plan, MAX_TEXT));
        let fits = |text: &str| text.len() <= MAX_TEXT;
        let whole = whole && fits(&plan) && step.as_deref().is_none_or(fits);
        let title = line(&facts.title, 60);
        Self {
            facts: said,
            approves: whole.then(|| Approves {
                of: format!("{title} ({})", facts.api),
                step,
            }),
        }
    }
}

/// The actions, one a line and each as it is, as many as there is room for; and whether
/// those are all. A cut one could pose as another: what they are done to comes last.
fn actions(approval: &ApprovalFacts) -> (String, bool) {
    let mut lines: Vec<String> = Vec::new();
    let mut cut_one = false;
    let mut left = MAX_ACTIONS;
    for action in &approval.actions {
        let action = line(action, usize::MAX);
        let Some(rest) = left.checked_sub(width(&action)) else {
            cut_one = lines.is_empty();
            lines.extend(cut_one.then(|| cut(&action, MAX_ACTION)));
            break;
        };
        left = rest;
        // One without words is done, and can not be shown.
        lines.extend((!action.is_empty()).then_some(action));
    }
    // The facts list the first hundred.
    let all = approval.count.max(number(approval.actions.len()));
    let more = all.saturating_sub(number(lines.len()));
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    (lines.join("\n"), more == 0 && !cut_one)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// How much room a line takes, with its end: some chats write `&`, `<` and `>` longer.
fn width(line: &str) -> usize {
    let longer = |c: char| match c {
        '&' => 5,
        '<' | '>' => 4,
        c => c.len_utf8(),
    };
    1 + line.chars().map(longer).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use deprovision_core::id::ApiId;
    use deprovision_core::time::Period;
    use proptest::prelude::*;

    use super::*;
    use crate::slack::escaped;

    fn asked(actions: Vec<String>, count: u64) -> Asked {
        let facts = NoticeFacts::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        let mut approval = ApprovalFacts::new("sha256:0a", Period::days(3));
        approval.actions = actions;
        approval.count = count;
        Asked::of(&facts, &approval)
    }

    fn done(asked: &Asked) -> &str {
        let mut facts = asked.facts.iter();
        facts
            .find(|(label, _)| *label == "What is done")
            .map_or("", |(_, text)| text)
    }

    #[test]
    fn what_is_not_listed_is_counted_by_the_plan() {
        let actions: Vec<String> = (0..100).map(|n| format!("a{n}")).collect();
        let all = asked(actions.clone(), 100);
        assert!(all.approves.is_some());
        assert_eq!(done(&all).lines().count(), 100);
        let most = asked(actions, 500);
        assert!(most.approves.is_none());
        assert!(
            done(&most).ends_with("\na99\n… and 400 more"),
            "{}",
            done(&most)
        );
    }

    #[test]
    fn one_that_is_too_long_or_without_words_is_not_shown_in_full() {
        let long = asked(vec!["x".repeat(3_000), "y".to_owned()], 2);
        assert!(long.approves.is_none());
        assert!(done(&long).ends_with("x…\n… and 1 more"), "{}", done(&long));
        assert!(asked(vec!["x".repeat(3_000)], 1).approves.is_none());
        let blank = asked(vec!["x".to_owned(), "\u{202e}".to_owned()], 2);
        assert!(blank.approves.is_none());
        assert_eq!(done(&blank), "x\n… and 1 more");
    }

    proptest! {
        #[test]
        fn what_may_be_approved_by_a_press_is_shown_to_the_last_character(
            actions in prop::collection::vec("[a-z&<>é/]{1,120}", 0..40),
            unlisted in 0..3u64,
        ) {
            let asked = asked(actions.clone(), number(actions.len()) + unlisted);
            let shown = escaped(done(&asked), 2_000);
            prop_assert!(!shown.ends_with("more…"));
            let whole = escaped(&actions.join("\n"), usize::MAX);
            prop_assert_eq!(asked.approves.is_some(), shown == whole);
        }
    }
}
