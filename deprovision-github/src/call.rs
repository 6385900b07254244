//! The calls that this crate makes: each with what it takes to be allowed to, and what it
//! costs.

use std::fmt;

use http::Method;

/// What a call does to the content that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It reads.
    Reads,
    /// It reads, from the search with limits of its own.
    Searches,
    /// It writes what nobody sees yet (an object of Git), or what makes no content.
    Writes,
    /// It writes what people see or are told of: GitHub limits such calls further.
    MakesContent,
}

/// One operation of GitHub's REST API.
///
/// Every request goes out under one of these: the table in the documentation and the
/// budget are made of them, and there is no second list that could be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With its parameters in braces, as GitHub's description has it.
    pub(crate) path: &'static str,
    /// The permission of a GitHub App or fine-grained token that it needs.
    pub(crate) permission: &'static str,
    pub(crate) effect: Effect,
}

impl Call {
    const fn reads(path: &'static str, permission: &'static str) -> Self {
        Self {
            method: Method::GET,
            path,
            permission,
            effect: Effect::Reads,
        }
    }

    const fn writes(method: Method, path: &'static str, permission: &'static str) -> Self {
        Self {
            method,
            path,
            permission,
            effect: Effect::Writes,
        }
    }

    const fn makes(method: Method, path: &'static str, permission: &'static str) -> Self {
        Self {
            method,
            path,
            permission,
            effect: Effect::MakesContent,
        }
    }

    /// What it costs of the points that an endpoint has a minute
    /// (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>).
    pub(crate) fn points(&self) -> u32 {
        match self.effect {
            Effect::Reads | Effect::Searches => 1,
            Effect::Writes | Effect::MakesContent => 5,
        }
    }

    pub(crate) fn is_write(&self) -> bool {
        match self.effect {
            Effect::Reads | Effect::Searches => false,
            Effect::Writes | Effect::MakesContent => true,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

macro_rules! calls {
    ($($name:ident = $call:expr;)*) => {
        $(pub(crate) static $name: Call = $call;)*

        /// Every call, in the order of the table.
        #[cfg(test)]
        static ALL: &[&Call] = &[$(&$name),*];
    };
}

calls! {
    GET_REPOSITORY = Call::reads("/repos/{owner}/{repo}", "Metadata: read");
    GET_ORGANISATION = Call::reads("/orgs/{org}", "none");
    LIST_REPOSITORIES = Call::reads("/orgs/{org}/repos", "Metadata: read");
    SEARCH_CODE = Call { method: Method::GET, path: "/search/code", permission: "Contents: read", effect: Effect::Searches };
    LIST_PULLS = Call::reads("/repos/{owner}/{repo}/pulls", "Pull requests: read");
    GET_PULL = Call::reads("/repos/{owner}/{repo}/pulls/{pull_number}", "Pull requests: read");
    CREATE_PULL = Call::makes(Method::POST, "/repos/{owner}/{repo}/pulls", "Pull requests: write");
    UPDATE_PULL = Call::makes(Method::PATCH, "/repos/{owner}/{repo}/pulls/{pull_number}", "Pull requests: write");
    LIST_REVIEWS = Call::reads("/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "Pull requests: read");
    REQUEST_REVIEWERS = Call::makes(Method::POST, "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "Pull requests: write");
    ADD_LABELS = Call::makes(Method::POST, "/repos/{owner}/{repo}/issues/{issue_number}/labels", "Pull requests: write");
    LIST_COMMENTS = Call::reads("/repos/{owner}/{repo}/issues/{issue_number}/comments", "Pull requests: read");
    CREATE_COMMENT = Call::makes(Method::POST, "/repos/{owner}/{repo}/issues/{issue_number}/comments", "Pull requests: write");
    CREATE_BLOB = Call::writes(Method::POST, "/repos/{owner}/{repo}/git/blobs", "Contents: write");
    CREATE_TREE = Call::writes(Method::POST, "/repos/{owner}/{repo}/git/trees", "Contents: write");
    CREATE_COMMIT = Call::writes(Method::POST, "/repos/{owner}/{repo}/git/commits", "Contents: write");
    GET_REF = Call::reads("/repos/{owner}/{repo}/git/ref/{ref}", "Contents: read");
    CREATE_REF = Call::makes(Method::POST, "/repos/{owner}/{repo}/git/refs", "Contents: write");
    UPDATE_REF = Call::makes(Method::PATCH, "/repos/{owner}/{repo}/git/refs/{ref}", "Contents: write");
    DELETE_REF = Call::makes(Method::DELETE, "/repos/{owner}/{repo}/git/refs/{ref}", "Contents: write");
    LIST_ISSUES = Call::reads("/repos/{owner}/{repo}/issues", "Issues: read");
    CREATE_ISSUE = Call::makes(Method::POST, "/repos/{owner}/{repo}/issues", "Issues: write");
    UPDATE_ISSUE = Call::makes(Method::PATCH, "/repos/{owner}/{repo}/issues/{issue_number}", "Issues: write");
    LIST_KEYS = Call::reads("/repos/{owner}/{repo}/keys", "Administration: read");
    CREATE_KEY = Call::writes(Method::POST, "/repos/{owner}/{repo}/keys", "Administration: write");
    DELETE_KEY = Call::writes(Method::DELETE, "/repos/{owner}/{repo}/keys/{key_id}", "Administration: write");
    LIST_HOOKS = Call::reads("/repos/{owner}/{repo}/hooks", "Webhooks: read");
    GET_HOOK = Call::reads("/repos/{owner}/{repo}/hooks/{hook_id}", "Webhooks: read");
    UPDATE_HOOK = Call::writes(Method::PATCH, "/repos/{owner}/{repo}/hooks/{hook_id}", "Webhooks: write");
    LIST_ORGANISATION_HOOKS = Call::reads("/orgs/{org}/hooks", "Webhooks of the organisation: read");
    GET_ORGANISATION_HOOK = Call::reads("/orgs/{org}/hooks/{hook_id}", "Webhooks of the organisation: read");
    UPDATE_ORGANISATION_HOOK = Call::writes(Method::PATCH, "/orgs/{org}/hooks/{hook_id}", "Webhooks of the organisation: write");
    LIST_SECRETS = Call::reads("/repos/{owner}/{repo}/actions/secrets", "Secrets: read");
    LIST_ORGANISATION_SECRETS = Call::reads("/orgs/{org}/actions/secrets", "Secrets of the organisation: read");
    GET_ORGANISATION_SECRET = Call::reads("/orgs/{org}/actions/secrets/{secret_name}", "Secrets of the organisation: read");
    LIST_SECRET_REPOSITORIES = Call::reads("/orgs/{org}/actions/secrets/{secret_name}/repositories", "Secrets of the organisation: read");
    ADD_SECRET_REPOSITORY = Call::writes(Method::PUT, "/orgs/{org}/actions/secrets/{secret_name}/repositories/{repository_id}", "Secrets of the organisation: write");
    REMOVE_SECRET_REPOSITORY = Call::writes(Method::DELETE, "/orgs/{org}/actions/secrets/{secret_name}/repositories/{repository_id}", "Secrets of the organisation: write");
    LIST_INSTALLATIONS = Call::reads("/app/installations", "the app's own key");
    GET_INSTALLATION = Call::reads("/app/installations/{installation_id}", "the app's own key");
    CREATE_INSTALLATION_TOKEN = Call::writes(Method::POST, "/app/installations/{installation_id}/access_tokens", "the app's own key");
    SUSPEND_INSTALLATION = Call::writes(Method::PUT, "/app/installations/{installation_id}/suspended", "the app's own key");
    UNSUSPEND_INSTALLATION = Call::writes(Method::DELETE, "/app/installations/{installation_id}/suspended", "the app's own key");
    DELETE_INSTALLATION = Call::writes(Method::DELETE, "/app/installations/{installation_id}", "the app's own key");
    REVOKE_CREDENTIALS = Call::writes(Method::POST, "/credentials/revoke", "none, and on github.com no authentication");
    GET_RATE_LIMIT = Call::reads("/rate_limit", "none");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const BEGIN: &str = "<!-- calls: begin -->\n";
    const END: &str = "<!-- calls: end -->";

    /// The table of the documentation.
    fn table() -> String {
        let mut table = String::from(
            "\n| call | permission of an app or fine-grained token | points | makes content |\n|---|---|---|---|\n",
        );
        for call in ALL {
            let makes = match call.effect {
                Effect::Reads | Effect::Writes => "",
                Effect::Searches => "10 a minute",
                Effect::MakesContent => "yes",
            };
            let (permission, points) = (call.permission, call.points());
            table.push_str(&format!(
                "| `{call}` | {permission} | {points} | {makes} |\n"
            ));
        }
        table.push('\n');
        table
    }

    #[test]
    fn the_table_in_the_readme_is_that_of_the_calls() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = std::fs::read_to_string(path).unwrap();
        let start = text.find(BEGIN).unwrap() + BEGIN.len();
        let end = text.find(END).unwrap();
        if std::env::var_os("DEPROVISION_WRITE_DOCS").is_some() {
            let new = format!("{}{}{}", &text[..start], table(), &text[end..]);
            std::fs::write(path, new).unwrap();
            return;
        }
        assert_eq!(&text[start..end], table(), "run `cargo xtask fix`");
    }

    #[test]
    fn every_call_is_one_that_github_describes_and_the_fake_checks() {
        let described: BTreeSet<&str> =
            include_str!("../../deprovision-github-fake/description/operations.txt")
                .lines()
                .collect();
        let ours: Vec<String> = ALL.iter().map(ToString::to_string).collect();
        let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
        assert_eq!(ours, described);
        assert_eq!(ours.len(), ALL.len(), "no call is there twice");
    }
}
