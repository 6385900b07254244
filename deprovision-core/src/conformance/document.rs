//! The suite of [`DocumentObserver`] and [`DocumentUpdater`].
//!
//! Longer than other files: the cases of one suite are read together.

#![expect(
    clippy::panic,
    reason = "a broken promise panics, as an assertion of a test does"
)]

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::catalog::Method;
use crate::conformance::{Cases, Files, FixtureError, Permits};
use crate::id::ApiId;
use crate::observation::Observation;
use crate::provider::{
    ChangeState, DocumentMark, DocumentObserver, DocumentUpdater, ErrorKind, Outcome,
};
use crate::resource::DocumentId;

/// The adapter, and what only its test can do to the documents behind it.
#[async_trait]
pub trait DocumentFixture: Send + Sync {
    /// The adapter as an observer.
    fn observer(&self) -> &dyn DocumentObserver;

    /// The adapter as an updater.
    fn updater(&self) -> &dyn DocumentUpdater;

    /// A new place whose default version holds these files; their ids by name.
    async fn documents(&self, files: Files) -> Result<BTreeMap<String, DocumentId>, FixtureError>;

    /// The files of the default version of the place of a document.
    async fn default_files(&self, of: &DocumentId) -> Result<Files, FixtureError>;

    /// Every change that is open in the place of a document, by the name that
    /// [`ChangeState::Proposed`] gives it, with the files as they will be once it is
    /// merged, and its revision.
    async fn open_changes(
        &self,
        of: &DocumentId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError>;

    /// Somebody merges a change into the default version and closes it.
    async fn merge(&self, of: &DocumentId, at: &str) -> Result<(), FixtureError>;

    /// What the user sees: status, index, `HEAD`, current branch. A constant
    /// where there is no user's working copy.
    async fn user_state(&self, of: &DocumentId) -> Result<String, FixtureError>;
}

/// How many cases [`document`] runs.
pub const DOCUMENT_CASES: u32 = 11;

/// Runs the suite.
///
/// # Errors
/// When the fixture or a guard refuses.
///
/// # Panics
/// When a promise of the ports is broken.
pub async fn document(fixture: &impl DocumentFixture) -> Cases {
    let permits = Permits::new();
    let mut cases = 0;
    observing_changes_nothing(fixture).await?;
    cases += 1;
    a_document_that_is_not_there_says_nothing(fixture).await?;
    cases += 1;
    a_mark_is_proposed_and_everything_else_stays(fixture, &permits).await?;
    cases += 1;
    marking_twice_is_marking_once(fixture, &permits).await?;
    cases += 1;
    each_document_is_observed_on_its_own(fixture, &permits).await?;
    cases += 1;
    what_can_not_be_marked_is_left_alone(fixture, &permits).await?;
    cases += 1;
    unmarking_takes_the_proposal_back(fixture, &permits).await?;
    cases += 1;
    a_merged_mark_is_merged(fixture, &permits).await?;
    cases += 1;
    a_merged_mark_is_reverted_by_a_change_of_its_own(fixture, &permits).await?;
    cases += 1;
    what_is_deprecated_is_not_retired_yet(fixture, &permits).await?;
    cases += 1;
    one_operation_is_marked_and_no_other(fixture, &permits).await?;
    cases += 1;
    Ok(cases)
}

type Done = Result<(), FixtureError>;

const OPENAPI: &str = "openapi.yaml";
const JSON: &str = "api/openapi.json";
const ENTITY: &str = "catalog-info.yaml";
const PAGE: &str = "docs/orders.md";

async fn observing_changes_nothing(fixture: &impl DocumentFixture) -> Done {
    let ids = fixture.documents(originals()).await?;
    for id in ids.values() {
        let before = fixture.user_state(id).await?;
        let state = state(fixture, id, &deprecated()?).await?;
        assert_eq!(state, ChangeState::Absent, "{id} is not marked yet");
        assert_eq!(fixture.default_files(id).await?, originals());
        assert!(fixture.open_changes(id).await?.is_empty());
        assert_eq!(fixture.user_state(id).await?, before);
    }
    Ok(())
}

async fn a_document_that_is_not_there_says_nothing(fixture: &impl DocumentFixture) -> Done {
    let ids = fixture.documents(originals()).await?;
    let id = ids.get(PAGE).ok_or("the page has no id")?;
    let gone: DocumentId = format!("{id}.no-such-document.md").parse()?;
    let seen = fixture.observer().document(&gone, &deprecated()?).await;
    assert!(
        !matches!(&seen, Ok(seen) if seen.known_completely().is_some()),
        "a document that is not there is no marked document"
    );
    Ok(())
}

async fn a_mark_is_proposed_and_everything_else_stays(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    for (name, original) in originals() {
        let ids = fixture.documents(originals()).await?;
        let id = ids.get(&name).ok_or("a document has no id")?;
        let user = fixture.user_state(id).await?;
        mark(fixture, permits, id, &deprecated()?).await?;
        let at = proposed(fixture, id, &deprecated()?).await?;
        let open = fixture.open_changes(id).await?;
        let (mut files, _) = open.get(&at).cloned().ok_or("the change is not there")?;
        let marked = files.remove(&name).ok_or("the document is gone")?;
        let mut others = originals();
        others.remove(&name);
        assert_eq!(files, others, "other files stay");
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            bytes
                .split_inclusive(|b| *b == b'\n')
                .map(<[u8]>::to_vec)
                .collect()
        };
        let (old, new) = (lines(&original), lines(&marked));
        let mut rest = new.iter();
        let kept = old
            .iter()
            .filter(|line| {
                let mut here = rest.clone();
                let found = here.any(|new| new == *line);
                if found {
                    rest = here;
                }
                found
            })
            .count();
        let replaced = usize::from(name == ENTITY);
        assert_eq!(
            kept,
            old.len() - replaced,
            "{name}: the other lines stay byte for byte"
        );
        assert!(
            new.len() > old.len() - replaced,
            "{name} says something new"
        );
        let text = String::from_utf8_lossy(&marked).to_lowercase();
        assert!(text.contains("deprecated"), "{name}: {text}");
        assert_eq!(
            fixture.default_files(id).await?,
            originals(),
            "the default version stays"
        );
        assert_eq!(
            fixture.user_state(id).await?,
            user,
            "the user's state stays"
        );
    }
    Ok(())
}

async fn marking_twice_is_marking_once(fixture: &impl DocumentFixture, permits: &Permits) -> Done {
    let ids = fixture.documents(originals()).await?;
    for id in ids.values() {
        mark(fixture, permits, id, &deprecated()?).await?;
        let once = fixture.open_changes(id).await?;
        mark(fixture, permits, id, &deprecated()?).await?;
        assert_eq!(fixture.open_changes(id).await?, once, "{id}");
    }
    Ok(())
}

async fn each_document_is_observed_on_its_own(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let ids = fixture.documents(originals()).await?;
    let mut marked = Vec::new();
    for id in ids.values() {
        let before = state(fixture, id, &deprecated()?).await?;
        assert_eq!(
            before,
            ChangeState::Absent,
            "another document's mark is not {id}'s"
        );
        mark(fixture, permits, id, &deprecated()?).await?;
        marked.push(id);
        for id in &marked {
            proposed(fixture, id, &deprecated()?).await?;
        }
    }
    Ok(())
}

async fn what_can_not_be_marked_is_left_alone(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let broken = Files::from([("broken.yaml".to_owned(), b"openapi: [3.0\n: {".to_vec())]);
    let ids = fixture.documents(broken.clone()).await?;
    let id = ids.get("broken.yaml").ok_or("the document has no id")?;
    let permit = permits.permit().await?;
    let outcome = fixture.updater().mark(id, &deprecated()?, &permit).await;
    assert!(
        !matches!(outcome, Ok(Outcome::Done { .. } | Outcome::Unknown { .. })),
        "a damaged document can not be marked: {outcome:?}"
    );
    for (files, _) in fixture.open_changes(id).await?.values() {
        assert_eq!(files, &broken);
    }
    let seen = fixture.observer().document(id, &deprecated()?).await;
    let merged = matches!(
        seen.as_ref().map(|seen| seen.known_completely()),
        Ok(Some(state)) if matches!(state.change, ChangeState::Merged { .. })
    );
    assert!(!merged, "a damaged document does not say the mark");
    Ok(())
}

async fn unmarking_takes_the_proposal_back(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let ids = fixture.documents(originals()).await?;
    let (page, entity) = (&ids[PAGE], &ids[ENTITY]);
    let user = fixture.user_state(page).await?;
    mark(fixture, permits, page, &deprecated()?).await?;
    mark(fixture, permits, entity, &deprecated()?).await?;
    for _ in 0..2 {
        unmark(fixture, permits, page, &deprecated()?).await?;
        let now = state(fixture, page, &deprecated()?).await?;
        assert_eq!(now, ChangeState::Absent, "it is taken back");
        for (files, _) in fixture.open_changes(page).await?.values() {
            assert_eq!(files.get(PAGE), originals().get(PAGE), "the original bytes");
        }
        proposed(fixture, entity, &deprecated()?).await?;
    }
    unmark(fixture, permits, entity, &deprecated()?).await?;
    assert!(
        fixture.open_changes(page).await?.is_empty(),
        "nothing is proposed any more"
    );
    assert_eq!(fixture.default_files(page).await?, originals());
    assert_eq!(fixture.user_state(page).await?, user);
    Ok(())
}

async fn a_merged_mark_is_merged(fixture: &impl DocumentFixture, permits: &Permits) -> Done {
    let ids = fixture.documents(originals()).await?;
    for id in ids.values() {
        mark(fixture, permits, id, &deprecated()?).await?;
        let at = proposed(fixture, id, &deprecated()?).await?;
        fixture.merge(id, &at).await?;
        let now = state(fixture, id, &deprecated()?).await?;
        assert!(matches!(now, ChangeState::Merged { .. }), "{id}: {now:?}");
        mark(fixture, permits, id, &deprecated()?).await?;
        assert!(
            fixture.open_changes(id).await?.is_empty(),
            "there is nothing to propose"
        );
    }
    Ok(())
}

async fn a_merged_mark_is_reverted_by_a_change_of_its_own(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let ids = fixture.documents(originals()).await?;
    let mut any = None;
    for id in ids.values() {
        mark(fixture, permits, id, &deprecated()?).await?;
        any = Some(id);
    }
    let any = any.ok_or("there is no document")?;
    let at = proposed(fixture, any, &deprecated()?).await?;
    fixture.merge(any, &at).await?;
    let merged = fixture.default_files(any).await?;
    for id in ids.values() {
        unmark(fixture, permits, id, &deprecated()?).await?;
    }
    assert_eq!(
        fixture.default_files(any).await?,
        merged,
        "the default version is not written to"
    );
    let open: Vec<String> = fixture.open_changes(any).await?.into_keys().collect();
    assert!(
        !open.is_empty(),
        "a merged mark is reverted by a change of its own"
    );
    for at in &open {
        fixture.merge(any, at).await?;
    }
    assert_eq!(
        fixture.default_files(any).await?,
        originals(),
        "the original bytes"
    );
    Ok(())
}

async fn what_is_deprecated_is_not_retired_yet(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let ids = fixture.documents(originals()).await?;
    for id in ids.values() {
        mark(fixture, permits, id, &deprecated()?).await?;
        let at = proposed(fixture, id, &deprecated()?).await?;
        fixture.merge(id, &at).await?;
        let now = state(fixture, id, &retired()?).await?;
        assert_eq!(now, ChangeState::Absent, "{id} is deprecated, not retired");
        mark(fixture, permits, id, &retired()?).await?;
        let at = proposed(fixture, id, &retired()?).await?;
        fixture.merge(id, &at).await?;
        let now = state(fixture, id, &retired()?).await?;
        assert!(matches!(now, ChangeState::Merged { .. }), "{id}: {now:?}");
    }
    Ok(())
}

async fn one_operation_is_marked_and_no_other(
    fixture: &impl DocumentFixture,
    permits: &Permits,
) -> Done {
    let text = "openapi: 3.1.0\ninfo: {title: Orders}\npaths:\n  /v1/orders:\n    get:\n      \
                responses: {}\n    post:\n      responses: {}\n";
    let files = Files::from([(OPENAPI.to_owned(), text.as_bytes().to_vec())]);
    let ids = fixture.documents(files.clone()).await?;
    let id = ids.get(OPENAPI).ok_or("the document has no id")?;
    let one = DocumentMark::OperationDeprecated {
        api: ApiId::parse("orders-v1")?,
        method: Method::Post,
        path: "/v1/orders".to_owned(),
        sunset: None,
        successor: None,
    };
    let permit = permits.permit().await?;
    match fixture.updater().mark(id, &one, &permit).await {
        Err(error) if *error.kind() == ErrorKind::Unsupported => {
            assert!(
                fixture.open_changes(id).await?.is_empty(),
                "what is not supported is not half done"
            );
            return Ok(());
        }
        outcome => assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}"),
    }
    let at = proposed(fixture, id, &one).await?;
    let open = fixture.open_changes(id).await?;
    let (marked, _) = open.get(&at).ok_or("the change is not there")?;
    let marked = marked.get(OPENAPI).ok_or("the document is gone")?;
    let marked = String::from_utf8_lossy(marked);
    assert_eq!(marked.matches("deprecated: true").count(), 1, "{marked}");
    let (before, after) = marked.split_once("post:").ok_or("the operation is gone")?;
    assert!(after.contains("deprecated: true"), "{marked}");
    assert!(text.starts_with(before), "the other operation stays");
    let whole = state(fixture, id, &deprecated()?).await?;
    assert_eq!(whole, ChangeState::Absent, "the API is not deprecated");
    unmark(fixture, permits, id, &one).await?;
    assert!(fixture.open_changes(id).await?.is_empty());
    assert_eq!(fixture.default_files(id).await?, files);
    Ok(())
}

fn originals() -> Files {
    let text = [
        (
            OPENAPI,
            "# ours\nopenapi: 3.0.3 # pinned\ninfo:\n  title: 'Orders'\n  version: \"1.0\"\npaths:\n  \
             # the list\n  /v1/orders:\n    get:\n      # about it\n      operationId: listOrders\n      \
             responses: {\"200\": {description: ok}}\n    parameters: []\n",
        ),
        (
            JSON,
            "{\n\t\"openapi\": \"3.1.0\",\n\t\"info\": {\n\t\t\"title\": \"Orders\"\n\t},\n\t\"paths\": \
             {\n\t\t\"/v1/orders\": {\n\t\t\t\"get\": {\n\t\t\t\t\"responses\": {}\n\t\t\t}\n\t\t}\n\t}\n}",
        ),
        (
            ENTITY,
            "---\n# team\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: \
             orders-v1\nspec:\n  lifecycle: production\n---\napiVersion: backstage.io/v1alpha1\nkind: \
             API\nmetadata:\n  name: orders-v1\nspec:\n  type: openapi\n  lifecycle: production # for \
             now\n",
        ),
        (
            PAGE,
            "# Orders\r\n\r\nHow to order.\r\n\r\n## Details\r\nNo end",
        ),
    ];
    text.into_iter()
        .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn deprecated() -> Result<DocumentMark, FixtureError> {
    Ok(DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1")?,
        sunset: Some("2027-01-31T00:00:00Z".parse()?),
        successor: Some(ApiId::parse("orders-v2")?),
    })
}

fn retired() -> Result<DocumentMark, FixtureError> {
    Ok(DocumentMark::Retired {
        api: ApiId::parse("orders-v1")?,
        retired_at: "2027-02-01T00:00:00Z".parse()?,
        successor: Some(ApiId::parse("orders-v2")?),
    })
}

async fn state(
    fixture: &impl DocumentFixture,
    id: &DocumentId,
    mark: &DocumentMark,
) -> Result<ChangeState, FixtureError> {
    let seen = fixture.observer().document(id, mark).await?;
    let doubt = seen.doubt();
    match (seen, doubt) {
        (Observation::Known { value, .. }, None) => Ok(value.change),
        (seen, _) => panic!("a complete answer was expected: {seen:?}"),
    }
}

async fn proposed(
    fixture: &impl DocumentFixture,
    id: &DocumentId,
    mark: &DocumentMark,
) -> Result<String, FixtureError> {
    match state(fixture, id, mark).await? {
        ChangeState::Proposed { at, left } => {
            assert_eq!(
                left,
                Vec::<String>::new(),
                "{id}: everything could be marked"
            );
            Ok(at)
        }
        state @ (ChangeState::Absent
        | ChangeState::Conflicting { .. }
        | ChangeState::Unfinished { .. }
        | ChangeState::Declined { .. }
        | ChangeState::Merged { .. }
        | ChangeState::Reverting { .. }) => {
            panic!("the mark of {id} should be proposed: {state:?}")
        }
    }
}

async fn mark(
    fixture: &impl DocumentFixture,
    permits: &Permits,
    id: &DocumentId,
    mark: &DocumentMark,
) -> Done {
    let permit = permits.permit().await?;
    let outcome = fixture.updater().mark(id, mark, &permit).await?;
    assert!(matches!(outcome, Outcome::Done { .. }), "mark: {outcome:?}");
    Ok(())
}

async fn unmark(
    fixture: &impl DocumentFixture,
    permits: &Permits,
    id: &DocumentId,
    mark: &DocumentMark,
) -> Done {
    let permit = permits.permit().await?;
    let outcome = fixture.updater().unmark(id, mark, &permit).await?;
    assert!(
        matches!(outcome, Outcome::Done { .. }),
        "unmark: {outcome:?}"
    );
    Ok(())
}
