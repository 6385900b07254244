//! The suite of [`CodeSearch`], [`ChangeObserver`] and [`ChangeProposer`].
//!
//! Longer than other files: the cases of one suite are read together.

#![expect(
    clippy::panic,
    reason = "a broken promise panics, as an assertion of a test does"
)]

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;

use crate::catalog::{Api, Method, Route};
use crate::conformance::{Cases, Permits};
use crate::id::ApiId;
use crate::observation::Observation;
use crate::provider::{
    ChangeObserver, ChangeProposer, ChangeState, CodeSearch, Outcome, Reference, Removal,
};
use crate::resource::RepositoryId;

/// The files of a version: their bytes by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What went wrong while a fixture changed the world.
pub type FixtureError = Box<dyn Error + Send + Sync>;

/// The adapter, and what only its test can do to the repositories behind it.
#[async_trait]
pub trait CodeFixture: Send + Sync {
    /// The adapter as a search.
    fn search(&self) -> &dyn CodeSearch;

    /// The adapter as an observer.
    fn observer(&self) -> &dyn ChangeObserver;

    /// The adapter as a proposer.
    fn proposer(&self) -> &dyn ChangeProposer;

    /// A new repository whose default branch holds these files in one commit.
    async fn repository(&self, files: Files) -> Result<RepositoryId, FixtureError>;

    /// Somebody else writes these files to the default branch.
    async fn commit(&self, repository: &RepositoryId, files: Files) -> Result<(), FixtureError>;

    /// The files of the default branch.
    async fn default_files(&self, repository: &RepositoryId) -> Result<Files, FixtureError>;

    /// Every change that is open, by the name that [`ChangeState::Proposed`] gives
    /// it, with the files as they will be once it is merged, and its revision.
    async fn open_changes(
        &self,
        repository: &RepositoryId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError>;

    /// Somebody merges a change into the default branch and closes it.
    async fn merge(&self, repository: &RepositoryId, at: &str) -> Result<(), FixtureError>;

    /// What the user sees: status, index, `HEAD`, current branch. A constant
    /// where there is no user's working copy.
    async fn user_state(&self, repository: &RepositoryId) -> Result<String, FixtureError>;
}

/// How many cases [`code`] runs.
pub const CODE_CASES: u32 = 15;

/// Runs the suite.
///
/// # Errors
/// When the fixture or a guard refuses.
///
/// # Panics
/// When a promise of the ports is broken.
pub async fn code(fixture: &impl CodeFixture) -> Cases {
    let permits = Permits::new();
    let mut cases = 0;
    every_line_with_a_marker_is_found(fixture).await?;
    cases += 1;
    another_encoding_is_found_or_said_to_be_missing(fixture).await?;
    cases += 1;
    a_longer_text_is_no_reference(fixture).await?;
    cases += 1;
    nothing_outside_the_repository_is_read(fixture).await?;
    cases += 1;
    an_api_without_markers_is_unknown(fixture).await?;
    cases += 1;
    all_at_once_are_found_as_each_alone(fixture).await?;
    cases += 1;
    without_a_reference_it_is_merged(fixture, &permits).await?;
    cases += 1;
    observing_changes_nothing(fixture).await?;
    cases += 1;
    a_proposal_holds_the_removal_and_nothing_else(fixture, &permits).await?;
    cases += 1;
    proposing_twice_is_proposing_once(fixture, &permits).await?;
    cases += 1;
    a_proposal_is_put_on_top_of_a_default_branch_that_moved(fixture, &permits).await?;
    cases += 1;
    what_no_rule_removes_is_left_and_said(fixture, &permits).await?;
    cases += 1;
    withdrawing_removes_that_proposal_alone(fixture, &permits).await?;
    cases += 1;
    a_merged_proposal_is_merged(fixture, &permits).await?;
    cases += 1;
    a_merged_proposal_is_reverted_by_a_change_of_its_own(fixture, &permits).await?;
    cases += 1;
    Ok(cases)
}

type Done = Result<(), FixtureError>;

async fn every_line_with_a_marker_is_found(fixture: &impl CodeFixture) -> Done {
    let repository = fixture
        .repository(files(&[
            (
                "src/a.py",
                b"x\ncall('/v1/orders')\n  call('/v1/orders')".as_slice(),
            ),
            ("crlf.txt", b"a\r\nb /v1/orders\r\n"),
            ("latin.txt", b"caf\xe9 /v1/orders\n"),
            (
                "deep/er/file with space.md",
                b"/v1/orders and orders.v1.example\n",
            ),
            ("none.txt", b"nothing\n"),
        ]))
        .await?;
    let seen = fixture.search().references(&repository, &v1()?).await?;
    let mut found: Vec<(String, u64, u64, String)> = complete("found", seen)
        .into_iter()
        .map(|r: Reference| (r.file, r.line, r.column, r.marker.text))
        .collect();
    found.sort();
    let expected = [
        ("crlf.txt", 2, 3, "/v1/orders"),
        ("deep/er/file with space.md", 1, 1, "/v1/orders"),
        ("deep/er/file with space.md", 1, 16, "orders.v1.example"),
        ("latin.txt", 1, 6, "/v1/orders"),
        ("src/a.py", 2, 7, "/v1/orders"),
        ("src/a.py", 3, 9, "/v1/orders"),
    ]
    .map(|(file, line, column, text)| (file.to_owned(), line, column, text.to_owned()));
    assert_eq!(found, expected, "every line with a marker is found");
    Ok(())
}

async fn another_encoding_is_found_or_said_to_be_missing(fixture: &impl CodeFixture) -> Done {
    let text = "call /v1/orders\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = text
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    for bytes in [
        [b"\xff\xfe".as_slice(), &utf16].concat(),
        [b"\xff\xfe\0\0".as_slice(), &utf32].concat(),
    ] {
        let repository = fixture.repository(files(&[("a.txt", &bytes)])).await?;
        let seen = fixture.search().references(&repository, &v1()?).await?;
        let silent = seen.known_completely().is_some_and(Vec::is_empty);
        assert!(
            !silent,
            "an encoding that can not be read makes the answer partial"
        );
    }
    Ok(())
}

async fn a_longer_text_is_no_reference(fixture: &impl CodeFixture) -> Done {
    let text = b"/v10/orders /v1/orders2 eu.orders.v1.example /v2/orders\n";
    let repository = fixture.repository(files(&[("a.txt", text)])).await?;
    let seen = fixture.search().references(&repository, &v1()?).await?;
    assert_eq!(
        complete("longer", seen),
        [],
        "a longer text is no reference"
    );
    Ok(())
}

async fn nothing_outside_the_repository_is_read(fixture: &impl CodeFixture) -> Done {
    fixture
        .repository(files(&[("a.txt", b"/v1/orders\n")]))
        .await?;
    let clean = fixture.repository(files(&[("a.txt", b"x\n")])).await?;
    let seen = fixture.search().references(&clean, &v1()?).await?;
    assert_eq!(
        complete("outside", seen),
        [],
        "another repository is not read"
    );
    let unknown: RepositoryId = format!(
        "{}:{}:{}:no-such-repository",
        clean.locator().provider(),
        clean.locator().account(),
        clean.locator().region()
    )
    .parse()?;
    let seen = fixture.search().references(&unknown, &v1()?).await;
    assert!(
        !matches!(&seen, Ok(seen) if seen.known_completely().is_some()),
        "a repository that is not there is no repository without references"
    );
    Ok(())
}

async fn an_api_without_markers_is_unknown(fixture: &impl CodeFixture) -> Done {
    let repository = fixture.repository(files(&[("a.txt", b"x\n")])).await?;
    let api = Api::new(ApiId::parse("bare")?, "Bare");
    let seen = fixture.search().references(&repository, &api).await?;
    assert!(
        seen.known_completely().is_none(),
        "nothing to search for is not nothing found"
    );
    Ok(())
}

async fn all_at_once_are_found_as_each_alone(fixture: &impl CodeFixture) -> Done {
    let text = b"get('/v1/orders')\nget('/v1/invoices') # bills.v1.example\n";
    let repository = fixture.repository(files(&[("a.py", text)])).await?;
    let bills = api("bills-v1", "bills.v1.example", "/v1/invoices")?;
    let bare = Api::new(ApiId::parse("bare")?, "Bare");
    let apis = [v1()?, bills, bare];
    let search = fixture.search();
    let all = search.references_to_all(&repository, &apis).await?;
    assert_eq!(all.len(), apis.len(), "an answer for each");
    for api in &apis {
        let Some(among_all) = all.get(&api.id) else {
            panic!("no answer for {}", api.id);
        };
        let alone = search.references(&repository, api).await?;
        assert_eq!(
            among_all.known_completely(),
            alone.known_completely(),
            "all at once are found as each alone"
        );
        for reference in alone.known_completely().into_iter().flatten() {
            assert_eq!(reference.api, api.id, "a reference names its API");
        }
    }
    let counts = all
        .values()
        .map(|seen| seen.known_completely().map(Vec::len));
    // By id: bare, bills, orders.
    assert_eq!(counts.collect::<Vec<_>>(), [None, Some(2), Some(1)]);
    Ok(())
}

async fn without_a_reference_it_is_merged(fixture: &impl CodeFixture, permits: &Permits) -> Done {
    let repository = fixture.repository(files(&[("a.txt", b"x\n")])).await?;
    let state = change(fixture, &repository, &removal()?).await?;
    assert!(
        matches!(state, ChangeState::Merged { .. }),
        "without a reference it is merged: {state:?}"
    );
    propose(fixture, permits, &repository, &removal()?).await?;
    assert!(
        fixture.open_changes(&repository).await?.is_empty(),
        "without a reference there is nothing to propose"
    );
    Ok(())
}

async fn observing_changes_nothing(fixture: &impl CodeFixture) -> Done {
    let repository = fixture.repository(calling()).await?;
    let before = fixture.user_state(&repository).await?;
    let state = change(fixture, &repository, &removal()?).await?;
    assert_eq!(state, ChangeState::Absent, "nothing is proposed yet");
    fixture.search().references(&repository, &v1()?).await?;
    assert_eq!(fixture.default_files(&repository).await?, calling());
    assert!(fixture.open_changes(&repository).await?.is_empty());
    assert_eq!(fixture.user_state(&repository).await?, before);
    Ok(())
}

async fn a_proposal_holds_the_removal_and_nothing_else(
    fixture: &impl CodeFixture,
    permits: &Permits,
) -> Done {
    let repository = fixture.repository(calling()).await?;
    let user = fixture.user_state(&repository).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let (at, left) = proposed(fixture, &repository, &removal()?).await?;
    assert_eq!(left, Vec::<String>::new(), "everything could be removed");
    let open = fixture.open_changes(&repository).await?;
    assert_eq!(open.len(), 1, "one change is open: {:?}", open.keys());
    let (proposal, _) = open
        .get(&at)
        .ok_or("the change is not where it is said to be")?;
    assert_eq!(proposal, &moved(), "the removal and nothing else");
    assert_eq!(
        fixture.default_files(&repository).await?,
        calling(),
        "the default branch stays"
    );
    assert_eq!(
        fixture.user_state(&repository).await?,
        user,
        "working tree, index and current branch stay"
    );
    Ok(())
}

async fn proposing_twice_is_proposing_once(fixture: &impl CodeFixture, permits: &Permits) -> Done {
    let repository = fixture.repository(calling()).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let once = fixture.open_changes(&repository).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let twice = fixture.open_changes(&repository).await?;
    assert_eq!(once, twice, "the change is found again by its branch");
    Ok(())
}

async fn a_proposal_is_put_on_top_of_a_default_branch_that_moved(
    fixture: &impl CodeFixture,
    permits: &Permits,
) -> Done {
    let repository = fixture.repository(calling()).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let new = files(&[
        ("new.py", b"call('/v1/orders')\n".as_slice()),
        ("other.txt", b"1\n"),
    ]);
    fixture.commit(&repository, new).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let (at, left) = proposed(fixture, &repository, &removal()?).await?;
    assert_eq!(
        left,
        Vec::<String>::new(),
        "the new reference is removed too"
    );
    let open = fixture.open_changes(&repository).await?;
    assert_eq!(open.len(), 1, "there is still one change");
    let mut expected = moved();
    expected.extend(files(&[
        ("new.py", b"call('/v2/orders')\n".as_slice()),
        ("other.txt", b"1\n"),
    ]));
    assert_eq!(
        open.get(&at).map(|(files, _)| files),
        Some(&expected),
        "it is on top of the default branch as it is"
    );
    Ok(())
}

async fn what_no_rule_removes_is_left_and_said(
    fixture: &impl CodeFixture,
    permits: &Permits,
) -> Done {
    let repository = fixture.repository(calling()).await?;
    let removal = Removal::new(v1()?, None);
    propose(fixture, permits, &repository, &removal).await?;
    let (at, left) = proposed(fixture, &repository, &removal).await?;
    assert!(
        left.iter().any(|line| line.contains("src/client.py")),
        "what is left is said with its file: {left:?}"
    );
    let open = fixture.open_changes(&repository).await?;
    if let Some((files, _)) = open.get(&at) {
        assert_eq!(files, &calling(), "what no rule removes stays");
    }
    Ok(())
}

async fn withdrawing_removes_that_proposal_alone(
    fixture: &impl CodeFixture,
    permits: &Permits,
) -> Done {
    let mut all = calling();
    all.extend(files(&[("bills.py", b"call('/v1/invoices')\n".as_slice())]));
    let repository = fixture.repository(all.clone()).await?;
    let user = fixture.user_state(&repository).await?;
    let other = Removal::new(
        api("bills-v1", "bills.v1.example", "/v1/invoices")?,
        Some(api("bills-v2", "bills.v2.example", "/v2/invoices")?),
    );
    propose(fixture, permits, &repository, &removal()?).await?;
    propose(fixture, permits, &repository, &other).await?;
    let (at, _) = proposed(fixture, &repository, &other).await?;
    for _ in 0..2 {
        withdraw(fixture, permits, &repository, &removal()?).await?;
        let open = fixture.open_changes(&repository).await?;
        assert_eq!(
            open.keys().collect::<Vec<_>>(),
            [&at],
            "what another retirement proposed stays"
        );
    }
    let state = change(fixture, &repository, &removal()?).await?;
    assert_eq!(state, ChangeState::Absent, "it is withdrawn");
    assert_eq!(fixture.default_files(&repository).await?, all);
    assert_eq!(fixture.user_state(&repository).await?, user);
    Ok(())
}

async fn a_merged_proposal_is_merged(fixture: &impl CodeFixture, permits: &Permits) -> Done {
    let repository = fixture.repository(calling()).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let (at, _) = proposed(fixture, &repository, &removal()?).await?;
    fixture.merge(&repository, &at).await?;
    let state = change(fixture, &repository, &removal()?).await?;
    assert!(matches!(state, ChangeState::Merged { .. }), "{state:?}");
    let seen = fixture.search().references(&repository, &v1()?).await?;
    assert_eq!(complete("merged", seen), [], "no reference is left");
    Ok(())
}

async fn a_merged_proposal_is_reverted_by_a_change_of_its_own(
    fixture: &impl CodeFixture,
    permits: &Permits,
) -> Done {
    let repository = fixture.repository(calling()).await?;
    propose(fixture, permits, &repository, &removal()?).await?;
    let (at, _) = proposed(fixture, &repository, &removal()?).await?;
    fixture.merge(&repository, &at).await?;
    withdraw(fixture, permits, &repository, &removal()?).await?;
    assert_eq!(
        fixture.default_files(&repository).await?,
        moved(),
        "the default branch is not written to"
    );
    let open: Vec<String> = fixture
        .open_changes(&repository)
        .await?
        .into_keys()
        .collect();
    let [revert] = open.as_slice() else {
        panic!("a merged proposal is reverted by one change of its own: {open:?}");
    };
    fixture.merge(&repository, revert).await?;
    assert_eq!(fixture.default_files(&repository).await?, calling());
    Ok(())
}

fn calling() -> Files {
    files(&[
        (
            "src/client.py",
            b"A = 1\nget('https://orders.v1.example/v1/orders/7')\n".as_slice(),
        ),
        (
            "crlf.ini",
            b"[a]\r\nbase = https://orders.v1.example\r\nx = caf\xe9",
        ),
        ("README.md", b"# Shop\n"),
    ])
}

fn moved() -> Files {
    files(&[
        (
            "src/client.py",
            b"A = 1\nget('https://orders.v2.example/v2/orders/7')\n".as_slice(),
        ),
        (
            "crlf.ini",
            b"[a]\r\nbase = https://orders.v2.example\r\nx = caf\xe9",
        ),
        ("README.md", b"# Shop\n"),
    ])
}

fn api(id: &str, host: &str, path: &str) -> Result<Api, FixtureError> {
    let mut api = Api::new(ApiId::parse(id)?, id);
    api.hosts.push(host.to_owned());
    api.routes
        .push(Route::new(Method::Get, format!("{path}/{{id}}")));
    Ok(api)
}

fn v1() -> Result<Api, FixtureError> {
    api("orders-v1", "orders.v1.example", "/v1/orders")
}

fn removal() -> Result<Removal, FixtureError> {
    let v2 = api("orders-v2", "orders.v2.example", "/v2/orders")?;
    Ok(Removal::new(v1()?, Some(v2)))
}

fn files(files: &[(&str, &[u8])]) -> Files {
    files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

fn complete<T: std::fmt::Debug>(case: &str, seen: Observation<Vec<T>>) -> Vec<T> {
    match seen {
        Observation::Known {
            value,
            coverage: crate::observation::Coverage::Complete,
            ..
        } => value,
        other => panic!("{case}: a complete answer was expected: {other:?}"),
    }
}

async fn change(
    fixture: &impl CodeFixture,
    repository: &RepositoryId,
    removal: &Removal,
) -> Result<ChangeState, FixtureError> {
    let seen = fixture.observer().change(repository, removal).await?;
    let doubt = seen.doubt();
    match (seen, doubt) {
        (Observation::Known { value, .. }, None) => Ok(value),
        (seen, _) => panic!("a complete answer was expected: {seen:?}"),
    }
}

async fn proposed(
    fixture: &impl CodeFixture,
    repository: &RepositoryId,
    removal: &Removal,
) -> Result<(String, Vec<String>), FixtureError> {
    match change(fixture, repository, removal).await? {
        ChangeState::Proposed { at, left } => Ok((at, left)),
        state @ (ChangeState::Absent
        | ChangeState::Conflicting { .. }
        | ChangeState::Unfinished { .. }
        | ChangeState::Declined { .. }
        | ChangeState::Merged { .. }
        | ChangeState::Reverting { .. }) => {
            panic!("it should be proposed: {state:?}")
        }
    }
}

async fn propose(
    fixture: &impl CodeFixture,
    permits: &Permits,
    repository: &RepositoryId,
    removal: &Removal,
) -> Done {
    let permit = permits.permit().await?;
    let outcome = fixture
        .proposer()
        .propose(repository, removal, &permit)
        .await?;
    assert!(
        matches!(outcome, Outcome::Done { .. }),
        "propose: {outcome:?}"
    );
    Ok(())
}

async fn withdraw(
    fixture: &impl CodeFixture,
    permits: &Permits,
    repository: &RepositoryId,
    removal: &Removal,
) -> Done {
    let permit = permits.permit().await?;
    let outcome = fixture
        .proposer()
        .withdraw(repository, removal, &permit)
        .await?;
    assert!(
        matches!(outcome, Outcome::Done { .. }),
        "withdraw: {outcome:?}"
    );
    Ok(())
}
