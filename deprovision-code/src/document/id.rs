//! Which file of which repository a document is.

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::{DocumentId, Locator, RepositoryId};

/// The repository and the path that an id names: `git:<account>:local:<repository>/<path>`.
/// A repository's name holds no slash, so the first one ends it.
pub(crate) fn parts(
    id: &DocumentId,
    operation: &str,
) -> Result<(RepositoryId, String), ProviderError> {
    let wrong = |why: &str| {
        ProviderError::new(
            ErrorKind::Invalid,
            operation,
            format!("{id} names no document: {why}; write git:<account>:local:<repository>/<path>"),
        )
    };
    let (name, path) = id
        .name()
        .split_once('/')
        .ok_or_else(|| wrong("it has no path"))?;
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.split('/').any(odd) {
        return Err(wrong("its path has an empty part, `.` or `..`"));
    }
    let locator = id.locator();
    let repository = Locator::new(
        locator.provider().as_str(),
        locator.account(),
        locator.region(),
        name,
    )
    .map_err(|error| wrong("its repository has no possible name").with_source(error))?;
    Ok((RepositoryId::new(repository), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_repository_and_one_path_or_is_refused() {
        let id: DocumentId = "git:shop:local:orders/docs/a b.md".parse().unwrap();
        let (repository, path) = parts(&id, "test").unwrap();
        assert_eq!(repository.to_string(), "git:shop:local:orders");
        assert_eq!(path, "docs/a b.md");
        for bad in [
            "orders",
            "orders/",
            "/a.md",
            "orders//a.md",
            "orders/../a.md",
            "orders/./a",
            "orders/a/..",
        ] {
            let id: DocumentId = format!("git:shop:local:{bad}").parse().unwrap();
            assert!(parts(&id, "test").is_err(), "{bad}");
        }
    }
}
