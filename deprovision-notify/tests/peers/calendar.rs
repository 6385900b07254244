//! Calendar entries, as `icalendar` reads them.

use deprovision_core::provider::{Notice, NoticeStage};
use deprovision_notify::{Letter, Sent};
use serde_json::{Value, json};

use crate::reader::copy;
use crate::world::{notice, plain, recipient, send};

/// What arrived of a letter with these notices.
async fn arrived(to: &str, notices: Vec<Notice>) -> Value {
    let sent = send(&plain(), &Letter::of(notices).unwrap()).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let copy = copy(to);
    assert_eq!(copy["defects"], json!([]));
    copy
}

#[tokio::test]
async fn an_end_is_an_invitation_with_the_fields_that_mail_programs_look_at() {
    let to = recipient("dana", "entry");
    let copy = arrived(&to, vec![notice(&to, NoticeStage::Announcement)]).await;
    assert_eq!(
        copy["types"],
        json!([
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar"
        ])
    );
    let entry = &copy["calendar"][0];
    assert_eq!(entry["errors"], json!([]));
    assert_eq!(entry["method"], "REQUEST");
    assert_eq!(entry["parameter"], "REQUEST");
    let event = &entry["events"][0];
    assert_eq!(event["start"], "2027-01-31T09:00:00+00:00");
    assert_eq!(event["sequence"], 0);
    assert_eq!(event["status"], "CONFIRMED");
    assert_eq!(event["summary"], "Orders v1 ends");
    assert_eq!(event["organizer"], "mailto:apis@example.com");
    assert_eq!(event["attendees"], json!([format!("mailto:{to}")]));
    let description = event["description"].as_str().unwrap();
    assert!(
        description.contains("https://docs.example.com/orders-v2"),
        "{description}"
    );
    for property in ["DTSTAMP", "UID", "TRANSP"] {
        assert!(
            event["properties"]
                .as_array()
                .unwrap()
                .contains(&json!(property))
        );
    }
}

#[tokio::test]
async fn a_moved_end_moves_the_same_entry_and_calling_off_takes_it_away() {
    let mut seen = Vec::new();
    let stages = [
        (NoticeStage::Announcement, 0, "2027-01-31T09:00:00Z"),
        (
            NoticeStage::Postponement { number: 1 },
            1,
            "2027-02-28T09:00:00Z",
        ),
        (NoticeStage::Reminder { days: 7 }, 1, "2027-02-28T09:00:00Z"),
        (NoticeStage::Withdrawal, 1, "2027-02-28T09:00:00Z"),
    ];
    for (number, (stage, moved, ends)) in stages.into_iter().enumerate() {
        // Different people: the entry is of the retirement.
        let to = recipient(&format!("dana{number}"), "moved");
        let mut notice = notice(&to, stage);
        notice.facts.moved = moved;
        notice.facts.ends = Some(ends.parse().unwrap());
        let copy = arrived(&to, vec![notice]).await;
        let entry = copy["calendar"][0].clone();
        assert_eq!(entry["method"], entry["parameter"]);
        seen.push(entry);
    }
    let field = |name: &str| -> Vec<Value> {
        seen.iter()
            .map(|entry| entry["events"][0][name].clone())
            .collect()
    };
    assert!(field("uid").iter().all(|uid| *uid == field("uid")[0]));
    assert_eq!(field("sequence"), [json!(0), json!(1), json!(1), json!(2)]);
    assert_eq!(field("start")[1], "2027-02-28T09:00:00+00:00");
    let methods: Vec<&Value> = seen.iter().map(|entry| &entry["method"]).collect();
    assert_eq!(methods, ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]);
    assert_eq!(field("status")[3], "CANCELLED");
}

#[tokio::test]
async fn several_ends_are_several_files_and_no_end_is_none() {
    let to = recipient("dana", "several");
    let mut other = notice(&to, NoticeStage::Announcement);
    other.id = format!("{}-other", other.id).parse().unwrap();
    other.facts = crate::world::facts("carts-v1", "Carts v1");
    let copy = arrived(&to, vec![notice(&to, NoticeStage::Announcement), other]).await;
    let entries = copy["calendar"].as_array().unwrap();
    let files: Vec<&Value> = entries.iter().map(|entry| &entry["file"]).collect();
    assert_eq!(files, ["end-1.ics", "end-2.ics"]);
    assert_ne!(
        entries[0]["events"][0]["uid"],
        entries[1]["events"][0]["uid"]
    );
    assert_eq!(copy["types"][0], "multipart/mixed");

    for stage in [
        NoticeStage::Closed,
        NoticeStage::Retired,
        NoticeStage::Digest,
    ] {
        let to = recipient("dana", &stage.to_string());
        let copy = arrived(&to, vec![notice(&to, stage)]).await;
        assert_eq!(copy["calendar"], json!([]));
    }
}
