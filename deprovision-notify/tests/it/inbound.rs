//! What comes in: only what is genuine, new and of now.

use std::sync::Arc;

use deprovision_core::secret::Secret;
use deprovision_core::time::{ManualClock, Period, Timestamp};
use deprovision_notify::{
    InboundError, Press, PressError, SigningSecret, SlackVerifier, WebhookVerifier,
};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The published example (see [`SigningSecret::sign`]).
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SECONDS: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK_SECONDS: i64 = 1_531_420_618;

fn signing(text: &str) -> SigningSecret {
    SigningSecret::parse(&Secret::new(text)).unwrap()
}

fn clock_at(seconds: i64) -> Arc<ManualClock> {
    let at = Timestamp::from_second(seconds).unwrap();
    Arc::new(ManualClock::starting_at(at))
}

fn verifier() -> WebhookVerifier {
    WebhookVerifier::new([signing(OTHER), signing(SECRET)], clock_at(SECONDS))
}

fn headers(id: &str, seconds: i64, signature: &str) -> Vec<(String, String)> {
    vec![
        ("Webhook-Id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), seconds.to_string()),
        ("WEBHOOK-SIGNATURE".to_owned(), signature.to_owned()),
    ]
}

fn signed(id: &str, seconds: i64, body: &[u8]) -> Vec<(String, String)> {
    headers(id, seconds, &signing(SECRET).sign(id, seconds, body))
}

/// What a verifier that has seen nothing says.
fn judged(headers: Vec<(String, String)>, body: &[u8]) -> Option<InboundError> {
    verifier().verify(headers, body).err()
}

#[test]
fn the_published_example_is_genuine() {
    assert_eq!(judged(headers(ID, SECONDS, SIGNATURE), BODY), None);
    // Among others, of other versions too.
    for several in [
        format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {SIGNATURE}"),
        format!("v2,xxx v1a,xxx {SIGNATURE} v1,short"),
        format!("  {SIGNATURE}  "),
    ] {
        assert_eq!(
            judged(headers(ID, SECONDS, &several), BODY),
            None,
            "{several}"
        );
    }
}

#[test]
fn each_flaw_has_its_name() {
    use InboundError::{Forged, FromTheFuture, Malformed, Missing, Repeated, Stale, Truncated};
    let good = || headers(ID, SECONDS, SIGNATURE);
    for missing in 0..3 {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let mut some = good();
        some.remove(missing);
        assert_eq!(judged(some, BODY), Some(Missing(names[missing])));
        let mut empty = good();
        empty[missing].1 = " ".to_owned();
        assert_eq!(judged(empty, BODY), Some(Missing(names[missing])));
        let mut twice = good();
        twice.push(twice[missing].clone());
        assert_eq!(judged(twice, BODY), Some(Repeated(names[missing])));
    }
    for (seconds, wanted) in [
        (SECONDS - 301, Some(Stale)),
        (SECONDS - 300, None),
        (SECONDS + 300, None),
        (SECONDS + 301, Some(FromTheFuture)),
        (i64::MAX, Some(FromTheFuture)),
        (0, Some(Stale)),
        (-1, Some(Malformed("webhook-timestamp"))),
    ] {
        assert_eq!(judged(signed(ID, seconds, BODY), BODY), wanted, "{seconds}");
    }
    for odd in [
        "hello",
        "1614265330.0",
        "+1614265330",
        "0x60",
        "99999999999999999999999",
    ] {
        let mut odd_time = good();
        odd_time[1].1 = odd.to_owned();
        let wanted = Some(Malformed("webhook-timestamp"));
        assert_eq!(judged(odd_time, BODY), wanted, "{odd}");
    }
    for (signature, wanted) in [
        ("v1,", Truncated),
        ("v1,g0hM9SsE", Truncated),
        ("v1,not base64!", Malformed("webhook-signature")),
        ("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Forged),
        ("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Forged),
        ("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=", Forged),
    ] {
        let judged = judged(headers(ID, SECONDS, signature), BODY);
        assert_eq!(judged, Some(wanted), "{signature}");
    }
    for (length, wanted) in [
        ("20", None),
        ("21", Some(Truncated)),
        ("x", Some(Malformed("content-length"))),
    ] {
        let mut with = good();
        with.push(("content-length".to_owned(), length.to_owned()));
        assert_eq!(judged(with, BODY), wanted, "{length}");
    }
    for id in ["a.b", "a b", &"x".repeat(257)] {
        let judged = judged(signed(id, SECONDS, BODY), BODY);
        assert_eq!(judged, Some(Malformed("webhook-id")), "{id}");
    }
    // Nobody's secret believes nobody.
    let nobody = WebhookVerifier::new([], clock_at(SECONDS));
    assert_eq!(nobody.verify(good(), BODY).unwrap_err(), Forged);
}

#[test]
fn what_was_handled_is_refused_and_what_was_not_may_come_again() {
    let clock = clock_at(SECONDS);
    let verifier = WebhookVerifier::new([signing(SECRET)], clock.clone());
    let verify = |headers| verifier.verify(headers, BODY).map(|_| ());
    // Handling failed: the guard was dropped.
    verify(signed(ID, SECONDS, BODY)).unwrap();
    let first = verifier.verify(signed(ID, SECONDS, BODY), BODY).unwrap();
    // While it is handled, the same one waits outside.
    let replayed = Err(InboundError::Replayed);
    assert_eq!(verify(signed(ID, SECONDS, BODY)), replayed);
    first.handled();
    assert_eq!(verify(signed(ID, SECONDS, BODY)), replayed);
    // Signed anew, it is the same one.
    clock.advance(Period::seconds(60));
    assert_eq!(verify(signed(ID, SECONDS + 60, BODY)), replayed);
    clock.advance(Period::minutes(4));
    assert_eq!(verify(signed(ID, SECONDS, BODY)), replayed);
    clock.advance(Period::seconds(1));
    assert_eq!(verify(signed(ID, SECONDS, BODY)), Err(InboundError::Stale));
}

#[test]
fn a_request_of_the_future_is_remembered_until_it_is_stale() {
    let clock = clock_at(SECONDS);
    let verifier = WebhookVerifier::new([signing(SECRET)], clock.clone());
    let request = signed(ID, SECONDS + 300, BODY);
    verifier.verify(request.clone(), BODY).unwrap().handled();
    for _ in 0..=600 {
        let again = verifier.verify(request.clone(), BODY).unwrap_err();
        assert_eq!(again, InboundError::Replayed);
        clock.advance(Period::seconds(1));
    }
    let late = verifier.verify(request, BODY).unwrap_err();
    assert_eq!(late, InboundError::Stale);
}

#[test]
fn a_full_memory_puts_off_and_lets_nothing_in_twice() {
    let clock = clock_at(SECONDS);
    let verifier = WebhookVerifier::new([signing(SECRET)], clock.clone()).with_capacity(3);
    // What is not genuine takes no place.
    for n in 0..10 {
        let forged = headers(&format!("f{n}"), SECONDS, SIGNATURE);
        verifier.verify(forged, BODY).unwrap_err();
    }
    for id in ["a", "b", "c"] {
        verifier
            .verify(signed(id, SECONDS, BODY), BODY)
            .unwrap()
            .handled();
    }
    let verify = |id| verifier.verify(signed(id, SECONDS, BODY), BODY).map(|_| ());
    assert_eq!(verify("d"), Err(InboundError::Busy));
    assert_eq!(verify("a"), Err(InboundError::Replayed));
    clock.advance(Period::minutes(11));
    let later = signed("d", SECONDS + 660, BODY);
    verifier.verify(later, BODY).unwrap().handled();
}

/// Slack's own way, written once more.
pub(crate) fn slack(secret: &str, seconds: i64, body: &[u8]) -> Vec<(String, String)> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{seconds}:").as_bytes());
    mac.update(body);
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    vec![
        ("X-Slack-Request-Timestamp".to_owned(), seconds.to_string()),
        ("X-Slack-Signature".to_owned(), format!("v0={hex}")),
    ]
}

fn slack_judged(headers: Vec<(String, String)>, body: &[u8]) -> Option<InboundError> {
    let verifier = SlackVerifier::new([Secret::new(SLACK_SECRET)], clock_at(SLACK_SECONDS));
    verifier.verify(headers, body).err()
}

#[test]
fn slacks_signatures_are_held_to_the_same() {
    use InboundError::{Forged, FromTheFuture, Malformed, Missing, Replayed, Stale, Truncated};
    let good = || slack(SLACK_SECRET, SLACK_SECONDS, BODY);
    assert_eq!(slack_judged(good(), BODY), None);
    let mut upper = good();
    upper[1].1 = upper[1].1.to_uppercase().replace("V0", "v0");
    assert_eq!(slack_judged(upper.clone(), BODY), None);
    for (seconds, wanted) in [
        (-301, Some(Stale)),
        (-300, None),
        (300, None),
        (301, Some(FromTheFuture)),
    ] {
        let signed = slack(SLACK_SECRET, SLACK_SECONDS + seconds, BODY);
        assert_eq!(slack_judged(signed, BODY), wanted);
    }
    assert_eq!(
        slack_judged(slack("other", SLACK_SECONDS, BODY), BODY),
        Some(Forged)
    );
    assert_eq!(slack_judged(good(), b"{}"), Some(Forged));
    let mut short = good();
    short[1].1.truncate(40);
    assert_eq!(slack_judged(short, BODY), Some(Truncated));
    for odd in ["v1=00", "00", "v0=zz"] {
        let mut with = good();
        with[1].1 = odd.to_owned();
        assert_eq!(
            slack_judged(with, BODY),
            Some(Malformed("x-slack-signature"))
        );
    }
    for (missing, name) in ["x-slack-request-timestamp", "x-slack-signature"]
        .into_iter()
        .enumerate()
    {
        let mut some = good();
        some.remove(missing);
        assert_eq!(slack_judged(some, BODY), Some(Missing(name)));
    }
    let verifier = SlackVerifier::new([Secret::new(SLACK_SECRET)], clock_at(SLACK_SECONDS));
    verifier.verify(good(), BODY).unwrap().handled();
    // In other letters it is the same signature.
    assert_eq!(verifier.verify(upper, BODY).unwrap_err(), Replayed);
    // An empty secret is nobody's.
    let nobody = SlackVerifier::new([Secret::new("")], clock_at(SLACK_SECONDS));
    let signed = slack("", SLACK_SECONDS, BODY);
    assert_eq!(nobody.verify(signed, BODY).unwrap_err(), Forged);
}

#[test]
fn a_pressed_button_is_read_and_nothing_else() {
    let form = |json: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", json).finish()
    };
    let button =
        r#"{"type":"button","action_id":"object","block_id":"b","value":"t0k3n","action_ts":"1"}"#;
    let payload = format!(
        r#"{{"type":"block_actions","team":{{"id":"T1","domain":"x"}},"user":{{"id":"U1","name":"dana"}},
            "api_app_id":"A1","actions":[{button}]}}"#
    );
    let press = Press::parse(form(&payload).as_bytes()).unwrap();
    assert_eq!(press.team.as_deref(), Some("T1"));
    assert_eq!(
        (press.user.as_str(), press.action.as_str()),
        ("U1", "object")
    );
    assert_eq!(press.value.as_ref().unwrap().expose(), "t0k3n");
    assert!(!format!("{press:?}").contains("t0k3n"));

    let two = payload.replace(button, &format!("{button},{button}"));
    for (body, wanted) in [
        (form(&two), PressError::NotOne),
        (form(&payload.replace(button, "")), PressError::NotOne),
        (
            form(&payload.replace("block_actions", "view_submission")),
            PressError::OtherKind,
        ),
        (
            form(&payload.replace(r#""user""#, r#""users""#)),
            PressError::Unreadable,
        ),
        (form("[]"), PressError::Unreadable),
        (form("{"), PressError::Unreadable),
        (String::new(), PressError::NoPayload),
        (payload.clone(), PressError::NoPayload),
        (format!("{0}&{0}", form(&payload)), PressError::NoPayload),
    ] {
        assert_eq!(Press::parse(body.as_bytes()).unwrap_err(), wanted, "{body}");
    }
}

proptest! {
    #[test]
    fn one_bit_makes_it_a_forgery(
        body in prop::collection::vec(any::<u8>(), 1..200),
        id in "[a-zA-Z0-9_-]{1,40}",
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let good = signed(&id, SECONDS, &body);
        prop_assert_eq!(judged(good.clone(), &body), None);
        let mut flipped = body.clone();
        let place = at.index(body.len());
        flipped[place] ^= 1 << bit;
        prop_assert_eq!(judged(good.clone(), &flipped), Some(InboundError::Forged));
        // Shorter or longer.
        let cut = judged(good.clone(), &body[..place]);
        prop_assert_eq!(cut, Some(InboundError::Forged));
        let longer = [body.as_slice(), b"x"].concat();
        prop_assert_eq!(judged(good.clone(), &longer), Some(InboundError::Forged));
        // Another time, another id.
        for (header, value) in [(0, format!("{id}x")), (1, (SECONDS + 1).to_string())] {
            let mut other = good.clone();
            other[header].1 = value;
            prop_assert_eq!(judged(other, &body), Some(InboundError::Forged));
        }
        let slack_good = slack(SLACK_SECRET, SLACK_SECONDS, &body);
        prop_assert_eq!(slack_judged(slack_good.clone(), &body), None);
        prop_assert_eq!(slack_judged(slack_good, &flipped), Some(InboundError::Forged));
    }

    #[test]
    fn a_changed_signature_is_refused(at in any::<prop::sample::Index>(), to in "[ -~]") {
        let place = "v1,".len() + at.index(SIGNATURE.len() - "v1,".len());
        let mut changed = SIGNATURE.to_owned();
        changed.replace_range(place..=place, &to);
        prop_assume!(changed != SIGNATURE);
        prop_assert!(judged(headers(ID, SECONDS, &changed), BODY).is_some());
    }

    #[test]
    fn anything_is_judged_without_panic(
        headers in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "webhook-id", "webhook-timestamp", "webhook-signature", "content-length",
                    "x-slack-signature", "x-slack-request-timestamp",
                ]),
                prop::collection::vec(any::<u8>(), 0..80),
            ),
            0..6,
        ),
        body in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        prop_assert!(verifier().verify(headers.clone(), &body).is_err());
        let slack = SlackVerifier::new([Secret::new(SLACK_SECRET)], clock_at(SLACK_SECONDS));
        prop_assert!(slack.verify(headers, &body).is_err());
        let _ = Press::parse(&body);
    }
}
