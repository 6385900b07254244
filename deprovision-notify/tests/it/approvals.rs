//! What a letter says that asks for an approval.

use deprovision_core::catalog::Contact;
use deprovision_core::provider::{ApprovalFacts, Notice, NoticeFacts, NoticeStage};
use deprovision_core::time::Period;
use deprovision_notify::{Letter, Message, Templates};

/// A letter about these APIs: what is irreversible, and how long an approval lasts.
fn written(apis: &[(Option<&str>, Period)]) -> Message {
    let dana = "dana".parse().unwrap();
    let to = Contact::new(dana, "dana@example.com".parse().unwrap());
    let notices = apis.iter().enumerate().map(|(n, (step, lasts))| {
        let mut facts = NoticeFacts::new(format!("orders-v{n}").parse().unwrap(), "Orders");
        let mut approval = ApprovalFacts::new("sha256:0a", *lasts);
        approval.step = step.map(str::to_owned);
        facts.approval = Some(approval);
        let id = format!("mail:test:local:{n}").parse().unwrap();
        let number = u32::from(step.is_some());
        Notice::new(id, NoticeStage::Approval { number }, to.clone(), facts)
    });
    let letter = Letter::of(notices.collect()).unwrap();
    Templates::english().unwrap().render(&letter).unwrap()
}

#[test]
fn how_long_an_approval_lasts_is_said_in_whole_words_and_never_too_long() {
    for (lasts, words) in [
        (Period::days(3), "72 hours"),
        (Period::hours(1), "1 hour"),
        (Period::minutes(90), "1 hour and 30 minutes"),
        (Period::minutes(121), "2 hours and 1 minute"),
        (Period::minutes(30), "30 minutes"),
        (Period::seconds(119), "1 minute"),
        (Period::seconds(59), "less than a minute"),
        (Period::days(365), "8,760 hours"),
    ] {
        let message = written(&[(None, lasts)]);
        for said in [&message.text, &message.html] {
            let sentence = format!("and may be used for {words}. If");
            assert!(said.contains(&sentence), "{words} {said}");
        }
    }
}

#[test]
fn each_of_several_approvals_lasts_as_long_as_it_says() {
    let message = written(&[(None, Period::days(3)), (None, Period::minutes(30))]);
    assert_eq!(message.subject, "Your approval is needed for 2 APIs");
    assert!(!message.text.contains("taken back"), "{}", message.text);
    assert!(message.text.contains("Each holds for its own plan alone"));
    let text = message.text.find("An approval lasts: 72 hours");
    assert!(text < message.text.find("An approval lasts: 30 minutes"));
    assert!(text.is_some(), "{}", message.text);
    for words in ["72 hours</dd>", "30 minutes</dd>"] {
        assert!(message.html.contains(words), "{words} {}", message.html);
    }
}

#[test]
fn what_can_not_be_taken_back_is_called_so_of_one_api_and_of_several() {
    let (keys, data) = (Some("delete the keys"), Some("erase the data"));
    let lasts = Period::days(3);
    let one = written(&[(keys, lasts)]);
    assert_eq!(
        one.subject,
        "Your approval is needed for an irreversible step: delete the keys (Orders)"
    );
    let both = written(&[(keys, lasts), (data, lasts)]);
    assert_eq!(
        both.subject,
        "Your approval is needed for irreversible steps of 2 APIs"
    );
    assert!(both.html.contains(&format!("{}</h1>", both.subject)));
    for said in [&both.text, &both.html] {
        let said = said.replace("<strong>", "").replace("</strong>", "");
        assert!(
            said.contains("The next steps of the retirements of 2 APIs can not be taken back."),
            "{said}"
        );
        for step in ["delete the keys", "erase the data"] {
            let line = format!("{step} (can not be taken back)");
            assert!(said.contains(&line), "{line} {said}");
        }
    }
    let plan = written(&[(None, lasts)]);
    for said in [&plan.subject, &plan.text, &plan.html] {
        assert!(
            !said.contains("taken back") && !said.contains("irreversible"),
            "{said}"
        );
    }
}
