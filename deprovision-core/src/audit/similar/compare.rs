//! Two items, member by member.

use super::items::Item;
use super::overlap::Overlap;
use super::rule::SimilarityRule;
use crate::catalog::Vocabulary;

/// What two items have in common, when that is enough.
pub(super) fn compare(
    a: &Item<'_>,
    b: &Item<'_>,
    rule: &SimilarityRule,
) -> Option<(Overlap, Option<Overlap>)> {
    let (fewer, more) = (
        a.operations.len().min(b.operations.len()),
        a.operations.len().max(b.operations.len()),
    );
    // Even if all of the smaller set were in the larger one.
    if fewer.saturating_mul(100) < more.saturating_mul(rule.operations().into()) {
        return None;
    }
    let operations = Overlap::of(&a.operations, &b.operations);
    if operations.percent() < rule.operations() {
        return None;
    }
    let fields = fields(a.vocabulary, b.vocabulary);
    match fields {
        Some(fields) if fields.percent() < rule.fields() => None,
        Some(_) | None => Some((operations, fields)),
    }
}

/// What two vocabularies have in common, where both are known. A sample knows all
/// words up to its largest one, so what is beyond the smaller of two is left out.
fn fields(a: &Vocabulary, b: &Vocabulary) -> Option<Overlap> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let known = |all: &Vocabulary| all.words().last().copied().filter(|_| all.is_sampled());
    let limit = known(a)
        .unwrap_or(u64::MAX)
        .min(known(b).unwrap_or(u64::MAX));
    let cut = |words: &'_ [u64]| words.partition_point(|word| *word <= limit);
    let (a, b) = (a.words(), b.words());
    let first = a.get(..cut(a)).unwrap_or_default();
    let second = b.get(..cut(b)).unwrap_or_default();
    Some(Overlap::of(first, second))
}
