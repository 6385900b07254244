//! Reading and writing policies.

use crate::policy::Policy;
use crate::time::Period;

/// Why a text is not a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The text is not TOML, or a field is unknown or of the wrong form.
    #[error("{name}:{line}: {message}")]
    Syntax {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The fields contradict each other or switch a safeguard off.
    #[error("{name}: {field}: {message}")]
    Value {
        /// The file.
        name: String,
        /// Which field.
        field: &'static str,
        /// What is wrong, and what to write.
        message: &'static str,
    },
    /// The policy can not be written.
    #[error("the policy can not be written as TOML")]
    Write(#[from] toml::ser::Error),
}

impl Policy {
    /// Reads a policy from TOML. `name` is what errors call the file.
    ///
    /// # Errors
    /// [`PolicyError`] with the line of what is wrong.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text).map_err(|error| PolicyError::Syntax {
            name: name.to_owned(),
            line: error
                .span()
                .map_or(1, |span| 1 + newlines(text, span.start)),
            message: error.message().to_owned(),
        })?;
        policy.check(name)?;
        Ok(policy)
    }

    /// Writes the policy as TOML, every field included.
    ///
    /// # Errors
    /// [`PolicyError::Write`], which no policy that was read from TOML gives.
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        Ok(toml::to_string(self)?)
    }

    fn check(&self, name: &str) -> Result<(), PolicyError> {
        let fail = |field, message| {
            Err(PolicyError::Value {
                name: name.to_owned(),
                field,
                message,
            })
        };
        if self.approve_destruction.people < 2 {
            return fail(
                "approve_destruction.people",
                "[I-7] what is irreversible needs two people; write 2 or more",
            );
        }
        if self.approve_plan.people < 1 {
            return fail(
                "approve_plan.people",
                "a plan needs at least one person; write 1 or more",
            );
        }
        if self.approve_waiver.people < 1 {
            return fail(
                "approve_waiver.people",
                "[I-6] a waiver is somebody's word; write 1 or more, or waiver_expiry = \"0s\" \
                 for no waivers at all",
            );
        }
        if self.soak == Period::ZERO {
            return fail(
                "soak",
                "[I-3] deletion without a soak is not possible; write 14d or more",
            );
        }
        if self.usage_max_age == Period::ZERO || self.usage_max_age > Period::minutes(15) {
            return fail(
                "usage_max_age",
                "[I-8] write at most 15m, and more than nothing",
            );
        }
        if self.notice == Period::ZERO && !self.emergency {
            return fail(
                "notice",
                "[I-22] only the emergency profile skips notice; write 30d or emergency = true",
            );
        }
        if self.retry.attempts == 0 || self.retry.first_wait == Period::ZERO {
            return fail(
                "retry",
                "write at least one attempt and a wait longer than nothing",
            );
        }
        if self.watch.every == Period::ZERO {
            return fail("watch.every", "write how often to look, for example 1d");
        }
        for wait in [
            self.usage_recheck,
            self.review_recheck,
            self.approval_expiry,
        ] {
            if wait == Period::ZERO {
                return fail(
                    "usage_recheck, review_recheck, approval_expiry",
                    "none of them may be nothing; the defaults are 1d, 1h and 72h",
                );
            }
        }
        if self.freezes.iter().any(|freeze| freeze.to <= freeze.from) {
            return fail("freezes", "a freeze must end after it begins");
        }
        if let Some((field, message)) = self.audit.mistake() {
            return fail(field, message);
        }
        Ok(())
    }
}

fn newlines(text: &str, end: usize) -> usize {
    text.bytes().take(end).filter(|b| *b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_and_is_read_as_it_is_written() {
        let policy = Policy::from_toml("p", "").unwrap();
        assert_eq!(policy, Policy::default());
        assert_eq!(
            Policy::from_toml("p", &policy.to_toml().unwrap()).unwrap(),
            policy
        );
    }

    #[test]
    fn a_mistake_is_reported_with_its_line() {
        let error =
            Policy::from_toml("policy.toml", "notice = \"30d\"\nsoka = \"14d\"\n").unwrap_err();
        assert!(error.to_string().starts_with("policy.toml:2: "), "{error}");
        let error = Policy::from_toml("policy.toml", "\n\nsoak = \"fortnight\"").unwrap_err();
        assert!(error.to_string().starts_with("policy.toml:3: "), "{error}");
    }

    #[test]
    fn a_safeguard_can_not_be_switched_off() {
        for bad in [
            "soak = \"0s\"",
            "notice = \"0s\"",
            "usage_max_age = \"1h\"",
            "[approve_destruction]\npeople = 1",
            "[approve_plan]\npeople = 0",
            "[approve_waiver]\npeople = 0",
            "[retry]\nattempts = 0",
            "[watch]\nevery = \"0s\"",
            "review_recheck = \"0s\"",
        ] {
            let error = Policy::from_toml("p", bad).unwrap_err();
            assert!(matches!(error, PolicyError::Value { .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn a_threshold_of_the_audit_that_means_nothing_is_refused_by_name() {
        for (bad, field) in [
            ("idle_after = \"1h\"", "audit.idle_after"),
            ("max_gap = \"0s\"", "audit.max_gap"),
            ("max_gap = \"25h\"", "audit.max_gap"),
            ("max_age = \"8d\"", "audit.max_age"),
            ("lag = \"0s\"", "audit.lag"),
            ("successor_share = \"50%\"", "audit.successor_share"),
            ("[audit.trend]\nweeks = 3", "audit.trend.weeks"),
            ("[audit.trend]\nover = \"28d\"", "audit.trend.over"),
            ("[audit.trend]\nover = \"367d\"", "audit.trend.over"),
            (
                "[audit.trend]\nconfidence = \"100%\"",
                "audit.trend.confidence",
            ),
            ("[audit.trend]\ndecline = \"0%\"", "audit.trend.decline"),
            (
                "[audit.shadow]\nmin_requests = 0",
                "audit.shadow.min_requests",
            ),
            (
                "[audit.similar]\noperations = \"0%\"",
                "audit.similar.operations",
            ),
            (
                "[audit.similar]\nmin_operations = 0",
                "audit.similar.min_operations",
            ),
        ] {
            let error = Policy::from_toml("p", &format!("[audit]\n{bad}")).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with(&format!("p: {field}: ")), "{bad}: {said}");
        }
        let error = Policy::from_toml("p", "[audit]\nsuccessor_share = 0.8").unwrap_err();
        assert!(error.to_string().starts_with("p:2: "), "{error}");
    }

    #[test]
    fn i_22_the_emergency_profile_skips_notice_and_nothing_that_protects() {
        let normal = Policy::default();
        let emergency = normal.emergency();
        assert_eq!(emergency.notice, Period::ZERO);
        assert_eq!(emergency.soak, normal.soak);
        assert_eq!(emergency.approve_destruction, normal.approve_destruction);
        assert!(Policy::from_toml("p", &emergency.to_toml().unwrap()).is_ok());
    }
}
