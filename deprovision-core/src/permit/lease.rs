//! The right to write, while the lease lives.

use crate::id::RetirementId;
use crate::journal::Lease;
use crate::time::{Period, Timestamp};

/// The right to make one write for one retirement: made only from a lease that
/// outlives the call's time-out (invariant I-14).
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::WritePermit;
/// fn forge(from: WritePermit) -> WritePermit {
///     WritePermit { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct WritePermit {
    stream: RetirementId,
    epoch: u64,
    call_timeout: Period,
    not_after: Timestamp,
}

/// The lease ends before a call could time out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "[I-14] the lease on {stream} ends at {expires}, and a call that starts at {now} may take {call_timeout}; renew the lease first"
)]
#[non_exhaustive]
pub struct LeaseTooShort {
    /// The retirement.
    pub stream: RetirementId,
    /// When the lease ends.
    pub expires: Timestamp,
    /// When the call would start.
    pub now: Timestamp,
    /// How long the call may take.
    pub call_timeout: Period,
}

impl WritePermit {
    /// Checks that the lease outlives a call that starts now.
    ///
    /// # Errors
    /// [`LeaseTooShort`] when it does not.
    pub fn from_lease(
        lease: &Lease,
        call_timeout: Period,
        now: Timestamp,
    ) -> Result<Self, LeaseTooShort> {
        let not_after = call_timeout.after(now);
        if lease.expires <= not_after {
            return Err(LeaseTooShort {
                stream: lease.stream.clone(),
                expires: lease.expires,
                now,
                call_timeout,
            });
        }
        Ok(Self {
            stream: lease.stream.clone(),
            epoch: lease.epoch,
            call_timeout,
            not_after,
        })
    }

    /// For which retirement.
    #[must_use]
    pub fn retirement(&self) -> &RetirementId {
        &self.stream
    }

    /// The fencing token, for providers that can check one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How long the call may take: adapters give up after it and say `Unknown`
    /// when the request was sent.
    #[must_use]
    pub fn call_timeout(&self) -> Period {
        self.call_timeout
    }

    /// When the call must be over, by the engine's clock.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::WorkerId;

    #[test]
    fn i_14_a_lease_that_ends_within_the_call_gives_no_permit() {
        let now = Timestamp::UNIX_EPOCH;
        let lease = Lease::new(
            RetirementId::parse("r").unwrap(),
            WorkerId::parse("w").unwrap(),
            7,
            Period::seconds(30).after(now),
        );
        assert!(WritePermit::from_lease(&lease, Period::seconds(30), now).is_err());
        let permit = WritePermit::from_lease(&lease, Period::seconds(29), now).unwrap();
        assert_eq!(permit.epoch(), 7);
    }
}
