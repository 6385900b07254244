//! Buttons for answers.

use serde_json::{Value, json};
use url::Url;

use super::blocks::plain;
use crate::post::{Approves, Reply, What, cut};

/// How many characters a button's label has
/// (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).
const MAX_LABEL: usize = 75;
/// How many characters a button's value has.
const MAX_VALUE: usize = 2_000;

/// Whether the app that posts has a request URL for interactivity, where a
/// [`SlackAnswers`](crate::SlackAnswers) takes presses.
///
/// Slack sends a press there, signed; an app without such a URL shows an error to whoever
/// presses. It changes nothing about which answers are shown: see
/// [`Answers`](crate::Answers).
///
/// *Object* and *Ask for more time* open the page in either case. Both need words (why,
/// until which day), and a button has none. Slack's way to ask for them, a modal
/// (`views.open`), has to be opened within three seconds of the press with a bot token,
/// which an incoming webhook does not have; the page asks the same, under the same rules,
/// and is there anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Interactivity {
    /// It has none: every answer is a link to the page.
    #[default]
    Links,
    /// It has one: that a notice was read and that a plan is approved is said by pressing a
    /// button, which carries the signed ticket of the link. An address without a ticket,
    /// or with one of more than 2,000 characters, which is what a button holds, stays a
    /// link; so does an approval of more than the post shows, since nobody should approve
    /// by a press what they could not read. Before a press approves, Slack asks once more,
    /// and says what can not be taken back.
    ///
    /// Give [`SlackAnswers::with_people`](crate::SlackAnswers::with_people) who is who:
    /// without, the press of an approval is refused.
    Buttons,
}

/// The `action_id` of an answer that a press alone gives; none for those that need words.
fn action(what: What) -> Option<&'static str> {
    match what {
        What::Acknowledge => Some("deprovision:acknowledge"),
        What::Approve => Some("deprovision:approve"),
        What::Object | What::MoreTime => None,
    }
}

/// The answer that the button with this `action_id` gives; none when it is not ours.
pub(crate) fn given_by(action_id: &str) -> Option<What> {
    let all = [
        What::Acknowledge,
        What::Object,
        What::MoreTime,
        What::Approve,
    ];
    all.into_iter()
        .find(|what| action(*what) == Some(action_id))
}

/// A button that gives the answer, or that leads to where it is given.
pub(crate) fn button(reply: &Reply, interactivity: Interactivity) -> Value {
    let mut button = json!({ "type": "button", "text": plain(reply.link.label, MAX_LABEL) });
    let fields = match pressed(reply, interactivity) {
        Some((action, ticket)) => {
            let mut fields = json!({ "action_id": action, "value": ticket });
            if let Some(approves) = &reply.approves {
                fields["confirm"] = question(approves);
            }
            fields
        }
        None => json!({ "url": reply.link.url }),
    };
    if let (Some(button), Value::Object(fields)) = (button.as_object_mut(), fields) {
        button.extend(fields);
    }
    button
}

/// What is asked before an approval counts
/// (<https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object>).
fn question(approves: &Approves) -> Value {
    let of = cut(&approves.of, 95);
    let (title, text) = match &approves.step {
        Some(step) => (
            "Approve what can not be taken back?",
            format!("Of {of}: {}. This can not be taken back.", cut(step, 110)),
        ),
        None => ("Approve?", format!("The retirement of {of}.")),
    };
    let text = format!("{text} You approve what this plan says, and nothing else.");
    let mut question = json!({
        "title": plain(title, 100),
        "text": plain(&text, 300),
        "confirm": plain("Approve", 30),
        "deny": plain("Not now", 30),
    });
    if approves.step.is_some() {
        question["style"] = json!("danger");
    }
    question
}

/// The `action_id` and the ticket, where a press can give the answer.
fn pressed(reply: &Reply, interactivity: Interactivity) -> Option<(&'static str, String)> {
    match interactivity {
        Interactivity::Links => None,
        Interactivity::Buttons => {
            if reply.what == What::Approve && reply.approves.is_none() {
                return None;
            }
            let ticket = ticket(&reply.link.url)?;
            (ticket.len() <= MAX_VALUE).then_some((action(reply.what)?, ticket))
        }
    }
}

/// The ticket in the address of a page that an `AnswerDesk` made.
fn ticket(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let (_, ticket) = url.query_pairs().find(|(name, _)| name == "token")?;
    (!ticket.is_empty()).then(|| ticket.into_owned())
}

#[cfg(test)]
mod tests {
    use deprovision_core::answer::{AnswerDesk, AnswerKey};
    use deprovision_core::digest::Digest;
    use deprovision_core::id::{MAX_ID_BYTES, PersonId, RetirementId, StepId};
    use deprovision_core::secret::Secret;
    use deprovision_core::time::Timestamp;

    use super::*;
    use crate::post::Link;

    /// What is made of the link with which somebody approves a step.
    fn approval(id: &str, notice: &str) -> (usize, Value) {
        let key = AnswerKey::new(Secret::new("k".repeat(32))).unwrap();
        let desk = AnswerDesk::new("https://apis.example.com/answer", key).unwrap();
        let url = desk.approval(
            &RetirementId::parse(id).unwrap(),
            &PersonId::parse(id).unwrap(),
            &format!("mail:shop:local:{notice}").parse().unwrap(),
            (Digest::of_bytes(b"plan"), Some(StepId::parse(id).unwrap())),
            Timestamp::UNIX_EPOCH,
        );
        let length = ticket(&url).unwrap().len();
        let what = What::Approve;
        let label = "Approve";
        let reply = Reply {
            what,
            link: Link { label, url },
            approves: Some(Approves {
                of: format!("Orders ({id})"),
                step: Some("delete the keys".to_owned()),
            }),
        };
        (length, button(&reply, Interactivity::Buttons))
    }

    #[test]
    fn a_ticket_of_usual_names_fits_a_button_and_one_of_the_longest_stays_a_link() {
        let id = "customer-orders-and-invoices-internal-v12@example.com-2027";
        let notice = format!("{id}/announcement/{id}");
        let (length, button) = approval(id, &notice);
        assert!(length < MAX_VALUE / 2, "{length}");
        assert_eq!(button["value"].as_str().unwrap().len(), length);
        assert!(button["action_id"].as_str().unwrap().len() <= 255);
        assert_eq!(button.get("url"), None);

        // The ids of everything are as long as ids are, and the notice's name is made of them.
        let id = "x".repeat(MAX_ID_BYTES);
        let (length, button) = approval(&id, &format!("{id}/announcement/{id}/{id}"));
        assert!(length > MAX_VALUE, "{length}");
        assert_eq!(button.get("value"), None);
        assert!(button["url"].as_str().unwrap().len() <= 3_000);
    }

    #[test]
    fn an_address_without_a_ticket_stays_a_link() {
        for url in [
            "https://a.example/x",
            "https://a.example/?token=",
            "https://a.example/?t=x.y",
        ] {
            let link = Link {
                label: "I have read it",
                url: url.to_owned(),
            };
            let what = What::Acknowledge;
            let reply = Reply {
                what,
                link,
                approves: None,
            };
            let button = button(&reply, Interactivity::Buttons);
            assert_eq!(button["url"], url);
            assert_eq!(button.get("value"), None);
        }
    }
}
