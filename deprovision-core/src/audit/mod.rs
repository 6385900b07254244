//! What is wrong with which API, and what to do about it: findings over a catalog and
//! what was counted for it.
//!
//! An [`Audit`] takes a catalog, a [`UsageReport`](crate::usage::UsageReport) and the
//! thresholds of a [`Policy`](crate::policy::Policy), and reads no clock and no file.
//! Each [`Finding`] has its evidence, what the evidence covers, what would change the
//! verdict, and the next step.
//!
//! ```
//! use deprovision_core::audit::{Audit, FindingKind, Use};
//! use deprovision_core::catalog::{Catalog, Source};
//! use deprovision_core::policy::Policy;
//! use deprovision_core::time::{Period, Timestamp};
//! use deprovision_core::usage::{Input, Shard, UsageReport};
//!
//! let catalog = Catalog::read(&[Source::new("catalog.yaml", "
//! apis:
//!   - id: orders-v1
//!     title: Orders
//!     routes: [{method: GET, path: /v1/orders}]
//! ")])?;
//! // A log that was written each minute for a hundred days, and has no call of it.
//! let now: Timestamp = "2027-04-11T00:00:00Z".parse()?;
//! let input = Input::new("access.log", b"10.0.0.7 - - [...", 4711);
//! let mut shard = Shard::new("edge", vec![input], None, now)?;
//! shard.seen.insert(Period::days(100).before(now), now, 144_000);
//!
//! let audit = Audit::of(&catalog, &UsageReport::of(shard.clone()), &Policy::default(), now);
//! assert_eq!(audit.apis[0].verdict, Use::NeverSeen);
//! assert!(audit.findings.iter().any(|f| f.kind == FindingKind::Unused));
//!
//! // With half a day of it missing, nothing can be said.
//! let noon = Period::hours(12).before(now);
//! shard.seen = Default::default();
//! shard.seen.insert(Period::days(100).before(now), noon, 143_280);
//! let audit = Audit::of(&catalog, &UsageReport::of(shard), &Policy::default(), now);
//! assert_eq!(audit.apis[0].verdict, Use::Unknown);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Behaviour
//! - *Unused* and *idle* need every source, complete over the whole period
//!   (invariant I-9); anything less is *unknown*, which is a finding of its own.
//! - What only bots and health checks call is unknown, too, as is what the catalog does
//!   not describe, or described in another way when the logs were read.
//! - A *decline* is told by a trend over whole days, never by two of them; see [`trend`](trend()).
//! - The order of findings, and every word of them, follows from what goes in.

mod callers;
mod finding;
mod hidden;
mod judge;
mod notices;
mod report;
mod rules;
mod similar;
mod summary;
mod trend;
mod view;
mod words;

pub use callers::with_callers;
pub use finding::{Finding, FindingKind, Subject};
pub use report::{Audit, UnmatchedSummary};
pub use similar::{
    Identical, Overlap, Redundancy, Scope, Similar, SimilarityRule, SimilarityRuleError, similar,
};
pub use summary::{ApiSummary, CallerSummary, Change, Use};
pub use trend::{Trend, trend};
