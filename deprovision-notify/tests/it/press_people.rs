//! Who presses a button in Slack: whose approval it is, and whose it is not.

use std::sync::Arc;

use deprovision_core::id::PersonId;
use deprovision_core::time::Period;
use deprovision_notify::{Interactivity, SlackPeople};
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::press_world::{World, people, said};

/// The button that approves.
async fn approve(world: &World, to: &str) -> Value {
    world.buttons_of(to, Interactivity::Buttons).await.remove(3)
}

/// What happened, in the log's words.
async fn story(world: &World) -> String {
    let timeline = world.engine.timeline(&world.id).await.unwrap();
    let lines = timeline.into_iter().map(|entry| entry.what);
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn who_is_asked_approves_the_plan_by_a_press() {
    let world = World::new().await.planned().await;
    let button = approve(&world, "wes").await;
    let reply = world.take(&world.pressed(&button)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        said(&reply),
        "Thank you. It is recorded under wes: your approval."
    );
    assert!(reply.pressed.unwrap().recorded);
    assert!(world.approved().await);
    let story = story(&world).await;
    assert!(story.contains("wes approved"), "{story}");
}

#[tokio::test]
async fn i_7_who_proposed_it_approves_by_no_button_neither_their_own_nor_anothers() {
    let mut world = World::new().await.planned().await;
    world.user = "U2";
    let before = world.status().await.version;
    for (to, why) in [
        ("erin", "[I-7] erin proposed the retirement"),
        ("wes", "this button is for wes, and you are erin"),
    ] {
        let button = approve(&world, to).await;
        let reply = world.take(&world.pressed(&button)).await;
        assert_eq!(reply.status, 200);
        assert!(
            said(&reply).starts_with("Nothing was recorded: "),
            "{reply:?}"
        );
        assert!(said(&reply).contains(why), "{reply:?}");
        assert!(!reply.pressed.unwrap().recorded);
    }
    assert_eq!(world.status().await.version, before);
}

#[tokio::test]
async fn whose_user_it_is_not_and_who_is_not_known_answer_nothing() {
    let mut world = World::new().await.planned().await;
    let buttons = world.buttons(Interactivity::Buttons).await;
    let before = world.status().await.version;
    for (user, why) in [
        ("U2", "this button is for wes, and you are erin"),
        ("U9", "it is not known who you are"),
        ("u1", "it is not known who you are"),
        ("", "it is not known who you are"),
    ] {
        world.user = user;
        for button in [&buttons[0], &buttons[3]] {
            let reply = world.take(&world.pressed(button)).await;
            assert_eq!(reply.status, 200);
            assert!(said(&reply).contains(why), "{user} {reply:?}");
            assert!(!reply.pressed.unwrap().recorded);
        }
    }
    // The same id, of a workspace that shares the channel.
    world.user = "U1";
    let body = world.pressed(&buttons[3]);
    let theirs = "%22username%22%3A%22wes%22";
    assert!(body.contains(theirs));
    let guest = body.replace(theirs, "%22team_id%22%3A%22T2%22");
    let reply = world.take(&guest).await;
    assert!(said(&reply).contains("not known who you are"), "{reply:?}");
    assert_eq!(reply.pressed.unwrap().team.unwrap(), "T2");
    assert_eq!(world.status().await.version, before);

    // Wes can still answer: nothing was used up.
    assert!(world.take(&body).await.pressed.unwrap().recorded);
}

#[tokio::test]
async fn without_a_word_on_who_is_who_nobody_approves_and_reading_still_counts() {
    let world = World::with(None).await.planned().await;
    let buttons = world.buttons(Interactivity::Buttons).await;
    let before = world.status().await.version;
    let reply = world.take(&world.pressed(&buttons[3])).await;
    assert_eq!(reply.status, 200);
    assert!(
        said(&reply).contains("approve by the link in your mail"),
        "{reply:?}"
    );
    assert!(!reply.pressed.unwrap().recorded);
    assert_eq!(world.status().await.version, before);
    let read = world.take(&world.pressed(&buttons[0])).await;
    assert!(read.pressed.unwrap().recorded);
}

#[tokio::test]
async fn a_press_counts_though_the_server_gave_up_on_its_request() {
    /// Looks somebody up when it is let.
    struct Slow(Arc<Semaphore>);
    #[async_trait::async_trait]
    impl SlackPeople for Slow {
        async fn person(
            &self,
            team: Option<&str>,
            user: &str,
        ) -> Result<Option<PersonId>, Box<dyn std::error::Error + Send + Sync>> {
            self.0.acquire().await?.forget();
            Ok(people(team, user))
        }
    }
    let gate = Arc::new(Semaphore::new(0));
    let world = World::with(Some(Arc::new(Slow(gate.clone())))).await;
    let world = world.planned().await;
    let body = world.pressed(&approve(&world, "wes").await);
    // Polled, and dropped while it waits: as hyper does when Slack closes the connection.
    assert!(world.take(&body).now_or_never().is_none());
    tokio::task::yield_now().await;
    assert!(!world.approved().await);
    gate.add_permits(2);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(world.approved().await);
    // Slack's person sees a warning and presses again.
    world.clock.advance(Period::seconds(5));
    let again = world.take(&body).await;
    assert!(said(&again).contains("counts once"), "{again:?}");
}
