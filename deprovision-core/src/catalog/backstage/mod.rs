//! Backstage's software catalog
//! (<https://backstage.io/docs/features/software-catalog/descriptor-format/>).
//!
//! Read are, from any number of documents:
//!
//! | entity | what is taken |
//! |---|---|
//! | `API` | `metadata.name` (with `namespace/` before it unless that is `default`) as id, `metadata.title`, `spec.lifecycle`, `spec.owner`, an OpenAPI text in `spec.definition` |
//! | `Component` | `spec.consumesApis`: it is a consumer of each, reached by its owner; `spec.providesApis`: an API that nothing else describes is known at least by name |
//! | `User`, `Group` | `spec.profile.email`: where the owners of the others are reached |
//!
//! Other kinds, and what else entities hold, are passed over. An owner or a consumer
//! without an e-mail address is kept as the label `backstage.io/owner` or
//! `backstage.io/unreachable-consumers`, and is a finding of the lint.
//!
//! Everything else that a catalog can say stands in annotations of the `API`:
//!
//! | annotation | value |
//! |---|---|
//! | `deprovision.dev/id` | the id, where the name can not be it |
//! | `deprovision.dev/lifecycle`, `…/successor`, `…/sunset`, `…/documentation`, `…/criticality` | the text of that field |
//! | `deprovision.dev/hosts`, `…/usage-sources`, `…/markers` | YAML: a list of texts, or a single text |
//! | `deprovision.dev/owner`, `…/stakeholders`, `…/consumers`, `…/routes`, `…/faces`, `…/resources`, `…/labels` | YAML: that field as our own form has it |
//!
//! and of a `Component`: `deprovision.dev/caller-ids`, the ids under which it is seen
//! in access logs (YAML: a list of texts, or a single text); without it, its entity
//! reference, such as `component:default/payroll`.

mod annotations;
mod entity;
mod read;
mod write;

pub(super) use entity::collect;
pub(super) use read::{CONSUMERS_LABEL, OWNER_LABEL, read};
