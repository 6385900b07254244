//! What several files say of one API, put together.

use std::collections::BTreeMap;

use super::api::twice;
use super::{At, Draft, Problems, Says, values};
use crate::catalog::{Api, Catalog, CatalogErrorKind as Kind, Form, Place, Route};
use crate::id::ApiId;

/// What is known of an API so far, and where each form declares it.
struct Joined {
    draft: Draft,
    declared: Vec<(Form, Place)>,
}

/// Joins drafts into a catalog. An API is declared at most once in each form;
/// OpenAPI descriptions may be many.
pub(crate) fn merge(mut drafts: Vec<Draft>, p: &mut Problems) -> Catalog {
    // The sort is stable: files of one form keep the order of the caller.
    drafts.sort_by_key(|draft| (draft.says, draft.form));
    let mut joined: BTreeMap<ApiId, Joined> = BTreeMap::new();
    for draft in drafts {
        let declared = (draft.form, draft.id.place.clone());
        let Some(first) = joined.get_mut(&draft.id.value) else {
            // What is called but nowhere described is somebody else's.
            if draft.says != Says::Consumes {
                let id = draft.id.value.clone();
                let declared = vec![declared];
                joined.insert(id, Joined { draft, declared });
            }
            continue;
        };
        let before = first.declared.iter().find(|(form, _)| *form == draft.form);
        if let (Says::Declares, Form::Catalog | Form::Backstage, Some((_, place))) =
            (draft.says, draft.form, before)
        {
            twice(
                &draft.id.place,
                place,
                &format!("the API {}", draft.id.value),
                p,
            );
            continue;
        }
        first.declared.push(declared);
        first.draft.join(draft, p);
    }
    check_successors(&joined, p);
    let apis = joined.into_values().map(|joined| joined.draft.into_api());
    Catalog::new(apis.collect::<Vec<Api>>())
}

fn check_successors(drafts: &BTreeMap<ApiId, Joined>, p: &mut Problems) {
    for (id, joined) in drafts {
        let Some(successor) = &joined.draft.successor else {
            continue;
        };
        if successor.value == *id {
            p.add(
                Kind::BadValue,
                &successor.place,
                format!("{id} can not be its own successor"),
                "write the id of another API",
            );
        } else if !drafts.contains_key(&successor.value) && !p.any_partial() {
            let others = drafts.keys().filter(|other| *other != id);
            let known: Vec<&str> = others.map(ApiId::as_str).collect();
            let near = crate::catalog::suggest::nearest(successor.value.as_str(), &known);
            p.add(
                Kind::Dangling,
                &successor.place,
                format!("no file describes the API {}", successor.value),
                match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => "describe it too, or leave the successor out".to_owned(),
                },
            );
        }
    }
}

impl Draft {
    /// Takes in what another file says of the same API.
    fn join(&mut self, other: Draft, p: &mut Problems) {
        // Titles are for people; that of the form which comes first is taken.
        self.title = self.title.take().or(other.title);
        one(&mut self.lifecycle, other.lifecycle, "lifecycle", p);
        if other.says == Says::Declares {
            one(&mut self.owner, other.owner, "owner", p);
        } else {
            // Who provides an API answers for it only while nobody else is named.
            self.owner = self.owner.take().or(other.owner);
        }
        one(&mut self.successor, other.successor, "successor", p);
        one(&mut self.sunset, other.sunset, "sunset", p);
        one(&mut self.url, other.url, "url", p);
        one(
            &mut self.documentation,
            other.documentation,
            "documentation",
            p,
        );
        one(&mut self.criticality, other.criticality, "criticality", p);
        union(&mut self.stakeholders, other.stakeholders);
        union(&mut self.hosts, other.hosts);
        union(&mut self.faces, other.faces);
        union(&mut self.resources, other.resources);
        union(&mut self.usage_sources, other.usage_sources);
        union(&mut self.markers, other.markers);
        keyed(&mut self.consumers, other.consumers, "consumer", p);
        keyed(&mut self.labels, other.labels, "label", p);
        join_routes(&mut self.routes, other.routes, p);
        self.vocabulary.join(&other.vocabulary);
    }
}

fn contradiction(later: &Place, first: &Place, what: &str, p: &mut Problems) {
    p.add_pair(
        Kind::Conflict,
        later,
        first,
        format!("the {what} differs from that at {}", first.short()),
        "write the same in both, or leave one of them out",
    );
}

fn one<T: PartialEq>(mine: &mut Option<At<T>>, other: Option<At<T>>, what: &str, p: &mut Problems) {
    let Some(other) = other else { return };
    match mine {
        None => *mine = Some(other),
        Some(mine) if mine.value == other.value => {}
        Some(mine) => contradiction(&other.place, &mine.place, what, p),
    }
}

fn union<T: Ord + Clone>(mine: &mut Vec<At<T>>, other: Vec<At<T>>) {
    let known: std::collections::BTreeSet<T> = mine.iter().map(|at| at.value.clone()).collect();
    mine.extend(other.into_iter().filter(|at| !known.contains(&at.value)));
}

fn keyed<K: Ord + Clone, V: PartialEq>(
    mine: &mut Vec<At<(K, V)>>,
    other: Vec<At<(K, V)>>,
    what: &str,
    p: &mut Problems,
) {
    let mut known: BTreeMap<K, usize> = mine
        .iter()
        .enumerate()
        .map(|(index, at)| (at.value.0.clone(), index))
        .collect();
    for at in other {
        match known.get(&at.value.0).and_then(|index| mine.get(*index)) {
            None => {
                known.insert(at.value.0.clone(), mine.len());
                mine.push(at);
            }
            Some(first) if first.value.1 == at.value.1 => {}
            Some(first) => contradiction(&at.place, &first.place, what, p),
        }
    }
}

/// A route that both have becomes one: deprecated when either says so.
fn join_routes(mine: &mut Vec<At<Route>>, other: Vec<At<Route>>, p: &mut Problems) {
    fn fill<T: PartialEq>(mine: &mut Option<T>, other: Option<T>) -> bool {
        match (&mine, other) {
            (_, None) => true,
            (None, other) => {
                *mine = other;
                true
            }
            (Some(mine), Some(other)) => *mine == other,
        }
    }
    let known: BTreeMap<_, usize> = mine
        .iter()
        .enumerate()
        .map(|(index, at)| ((at.value.method, values::shape(&at.value.path)), index))
        .collect();
    for at in other {
        let key = (at.value.method, values::shape(&at.value.path));
        let Some(first) = known.get(&key).and_then(|index| mine.get_mut(*index)) else {
            mine.push(at);
            continue;
        };
        first.value.deprecated |= at.value.deprecated;
        if !fill(&mut first.value.operation_id, at.value.operation_id) {
            contradiction(&at.place, &first.place, "operation id of the route", p);
        }
        if !fill(&mut first.value.sunset, at.value.sunset) {
            contradiction(&at.place, &first.place, "sunset of the route", p);
        }
    }
}
