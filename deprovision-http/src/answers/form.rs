//! What a form sends.

use deprovision_core::engine::AnswerWords;
use deprovision_core::time::{Period, Timestamp};

/// The fields of a form. Fields that nobody asked for are left. It is not `Debug`: with the
/// token one answers for its person.
#[derive(Default)]
pub(super) struct Form {
    pub(super) token: String,
    pub(super) reason: String,
    pub(super) until: String,
}

impl Form {
    /// Of `application/x-www-form-urlencoded` text; the first of fields that are there twice.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            let field = match name.as_ref() {
                "token" => &mut form.token,
                "reason" => &mut form.reason,
                "until" => &mut form.until,
                _ => continue,
            };
            if field.is_empty() {
                *field = value.into_owned();
            }
        }
        form
    }

    /// What was written; the reason why it can not be taken.
    pub(super) fn words(&self, asks_reason: bool, asks_until: bool) -> Result<AnswerWords, String> {
        let reason = self.reason.trim();
        if asks_reason && reason.is_empty() {
            return Err("Please say why: the owner decides by it.".to_owned());
        }
        let words = AnswerWords::because(reason);
        if !asks_until {
            return Ok(words);
        }
        // The whole of that day is meant.
        let day: Result<Timestamp, _> = format!("{}T00:00:00Z", self.until.trim()).parse();
        let day = day.map_err(|_| "Please name a day, as in 2027-01-31.".to_owned())?;
        Ok(words.until(Period::days(1).after(day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_is_taken_whole_and_a_reason_is_asked_for() {
        let form = Form::of(b"token=a.b&reason=the+shop%0Abreaks&until=2027-01-31&token=c");
        assert_eq!(form.token, "a.b");
        let words = form.words(true, true).unwrap();
        assert_eq!(words.reason, "the shop\nbreaks");
        assert_eq!(words.until, Some("2027-02-01T00:00:00Z".parse().unwrap()));
        assert!(Form::of(b"token=a").words(true, false).is_err());
        assert!(
            Form::of(b"reason=x&until=tomorrow")
                .words(true, true)
                .is_err()
        );
        assert!(Form::of(b"").words(false, false).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_form(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let form = Form::of(&bytes);
            let _ = form.words(true, true);
        }
    }
}
