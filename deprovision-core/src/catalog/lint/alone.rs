//! Rules that look at one API.

use super::{Lint, LintRule};
use crate::catalog::backstage::{CONSUMERS_LABEL, OWNER_LABEL};
use crate::catalog::{Api, Lifecycle};

pub(super) fn look(api: &Api) -> Vec<Lint> {
    let mut found = Found {
        api,
        lints: Vec::new(),
    };
    match api.lifecycle {
        // What is gone needs no plan and no new pages.
        Lifecycle::Retired => {}
        Lifecycle::Experimental | Lifecycle::Production => {
            found.responsibility();
            found.inventory();
            if api.sunset.is_none() && api.documentation.is_none() {
                found.add(
                    LintRule::NoRetirementPlan,
                    "nothing says how this version will end",
                );
            }
            if !api.routes.is_empty() && api.routes.iter().all(|route| route.deprecated) {
                found.add(
                    LintRule::RoutesDeprecatedAlone,
                    "all its operations are deprecated, and the API is not",
                );
            }
        }
        Lifecycle::Deprecated => {
            found.responsibility();
            found.inventory();
            found.deprecation();
        }
    }
    found.lints
}

struct Found<'a> {
    api: &'a Api,
    lints: Vec<Lint>,
}

impl Found<'_> {
    fn add(&mut self, rule: LintRule, message: impl Into<String>) {
        self.lints.push(Lint::new(&self.api.id, rule, message));
    }

    fn check(&mut self, broken: bool, rule: LintRule, message: &str) {
        if broken {
            self.add(rule, message);
        }
    }

    fn responsibility(&mut self) {
        let api = self.api;
        match (&api.owner, api.labels.get(OWNER_LABEL)) {
            (Some(_), _) => {}
            (None, Some(name)) => {
                self.add(
                    LintRule::NoOwner,
                    format!("its owner {name} has no e-mail address"),
                );
            }
            (None, None) => self.add(LintRule::NoOwner, "nobody answers for it"),
        }
        if let Some(names) = api.labels.get(CONSUMERS_LABEL) {
            self.add(
                LintRule::UnreachableConsumer,
                format!("these consumers have no e-mail address: {names}"),
            );
        }
        self.check(
            api.usage_sources.is_empty(),
            LintRule::NoUsageSource,
            "nothing records who calls it",
        );
    }

    fn inventory(&mut self) {
        let api = self.api;
        let resources = &api.resources;
        let no_label = |name| !api.labels.contains_key(name);
        self.check(
            api.hosts.is_empty(),
            LintRule::NoHosts,
            "no host is known to serve it",
        );
        self.check(
            api.routes.is_empty(),
            LintRule::NoRoutes,
            "nothing says what it serves",
        );
        self.check(
            resources.access_paths.is_empty(),
            LintRule::NoAccessPath,
            "there is no way in that could be closed",
        );
        self.check(
            resources.issuers.is_empty() && resources.credentials.is_empty(),
            LintRule::NoCredentials,
            "neither an issuer of credentials nor a credential is known",
        );
        self.check(
            resources.documents.is_empty() && api.documentation.is_none(),
            LintRule::NoDocument,
            "there is neither a description nor a page about it",
        );
        self.check(
            no_label("environment"),
            LintRule::NoEnvironment,
            "nothing says in which environment it runs",
        );
        self.check(
            no_label("exposure"),
            LintRule::NoExposure,
            "nothing says who may reach it",
        );
        self.check(
            no_label("version") && !has_version(api.id.as_str()),
            LintRule::NoVersion,
            "nothing says which version it is",
        );
        for marker in api.markers.iter().filter(|marker| marker.len() < 4) {
            self.add(
                LintRule::VagueMarker,
                format!("the marker {marker:?} is in much code that does not call it"),
            );
        }
        if api.lifecycle != Lifecycle::Experimental {
            for host in api.hosts.iter().filter(|host| is_test_host(host)) {
                self.add(
                    LintRule::TestHost,
                    format!("the host {host} looks like a test system"),
                );
            }
        }
    }

    fn deprecation(&mut self) {
        let api = self.api;
        self.check(
            api.sunset.is_none(),
            LintRule::DeprecatedWithoutSunset,
            "it is deprecated, and nothing says when it ends",
        );
        self.check(
            api.successor.is_none() && api.documentation.is_none(),
            LintRule::DeprecatedWithoutSuccessor,
            "it is deprecated, and nothing says what to use instead",
        );
        self.check(
            api.documentation.is_none(),
            LintRule::DeprecatedWithoutDocumentation,
            "it is deprecated, and no page explains the change",
        );
        for route in &api.routes {
            if let (Some(end), Some(last)) = (api.sunset, route.sunset)
                && last > end
            {
                self.add(
                    LintRule::RouteOutlivesApi,
                    format!(
                        "{} is promised until {last}, the API until {end}",
                        route.path
                    ),
                );
            }
        }
    }
}

/// Whether a word of the id is a version: `orders-v1`, `orders/v2`, `orders-2024`.
fn has_version(id: &str) -> bool {
    id.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let digits = word.trim_start_matches(['v', 'V']);
        digits.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Whether a word of the host names an environment in which nobody should depend on it.
fn is_test_host(host: &str) -> bool {
    const WORDS: &[&str] = &[
        "beta",
        "dev",
        "local",
        "localhost",
        "qa",
        "sandbox",
        "stage",
        "staging",
        "test",
        "uat",
    ];
    host.split(['.', '-', '_', ':'])
        .any(|word| WORDS.contains(&word))
}
