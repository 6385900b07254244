//! The suite of [`CodeHistory`].

#![expect(
    clippy::panic,
    reason = "a broken promise panics, as an assertion of a test does"
)]

use async_trait::async_trait;

use crate::catalog::{Api, Method, Route};
use crate::conformance::{Cases, CodeFixture, Files, FixtureError};
use crate::id::ApiId;
use crate::observation::{Coverage, Observation};
use crate::provider::{CodeHistory, PastReference};
use crate::resource::RepositoryId;

/// The adapter with its history.
#[async_trait]
pub trait CodeHistoryFixture: CodeFixture {
    /// The adapter as a history.
    fn history(&self) -> &dyn CodeHistory;
}

/// How many cases [`code_history`] runs.
pub const CODE_HISTORY_CASES: u32 = 3;

/// Runs the suite.
///
/// # Errors
/// When the fixture refuses.
///
/// # Panics
/// When a promise of the port is broken.
pub async fn code_history(fixture: &impl CodeHistoryFixture) -> Cases {
    let mut cases = 0;
    what_was_never_there_is_not_found(fixture).await?;
    cases += 1;
    what_is_there_was_brought_and_not_taken(fixture).await?;
    cases += 1;
    what_was_there_once_is_found_with_its_end(fixture).await?;
    cases += 1;
    Ok(cases)
}

type Done = Result<(), FixtureError>;

async fn what_was_never_there_is_not_found(fixture: &impl CodeHistoryFixture) -> Done {
    let repository = fixture.repository(files(&[("a.py", "x\n")])).await?;
    fixture
        .commit(&repository, files(&[("a.py", "/v10/orders\n")]))
        .await?;
    assert_eq!(past(fixture, &repository).await?, [], "it was never there");
    Ok(())
}

async fn what_is_there_was_brought_and_not_taken(fixture: &impl CodeHistoryFixture) -> Done {
    let repository = fixture.repository(files(&[("b.py", "x\n")])).await?;
    fixture
        .commit(&repository, files(&[("a.py", "get('/v1/orders')\n")]))
        .await?;
    let past = past(fixture, &repository).await?;
    let [reference] = past.as_slice() else {
        panic!("one file has it: {past:?}");
    };
    assert_eq!(
        (reference.file.as_str(), reference.api.as_str()),
        ("a.py", "orders-v1")
    );
    assert_eq!(reference.marker.text, "/v1/orders");
    assert_eq!(reference.removed, None, "it is still there");
    Ok(())
}

async fn what_was_there_once_is_found_with_its_end(fixture: &impl CodeHistoryFixture) -> Done {
    let repository = fixture
        .repository(files(&[("a.py", "get('/v1/orders')\n")]))
        .await?;
    for text in ["get('/v1/orders')\n# changed\n", "x\n", "y\n"] {
        fixture
            .commit(&repository, files(&[("a.py", text)]))
            .await?;
    }
    let past = past(fixture, &repository).await?;
    let [reference] = past.as_slice() else {
        panic!("one file had it: {past:?}");
    };
    let Some(removed) = &reference.removed else {
        panic!("it is gone: {reference:?}");
    };
    assert_ne!(reference.added.id, removed.id, "two versions");
    assert!(!reference.added.author.is_empty() && !removed.author.is_empty());
    Ok(())
}

async fn past(
    fixture: &impl CodeHistoryFixture,
    repository: &RepositoryId,
) -> Result<Vec<PastReference>, FixtureError> {
    let mut api = Api::new(ApiId::parse("orders-v1")?, "Orders");
    api.routes.push(Route::new(Method::Get, "/v1/orders/{id}"));
    match fixture.history().past_references(repository, &api).await? {
        Observation::Known {
            value,
            coverage: Coverage::Complete,
            ..
        } => Ok(value),
        other => panic!("a complete answer was expected: {other:?}"),
    }
}

fn files(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect()
}
