//! Whether a request was meant for an API.

use std::net::IpAddr;

use deprovision_core::catalog::{Api, FaceKind};

use super::target::{Path, Target, segments};
use super::template::Template;
use crate::line::Request;

/// What one API answers to.
#[derive(Debug)]
struct Faces {
    hosts: Vec<String>,
    /// Segments that a gateway puts before the path.
    stages: Vec<Vec<u8>>,
    templates: Vec<Template>,
    prefixes: Vec<Template>,
}

/// How well a request fits an API: by a template or only by a prefix, and by how
/// many literal segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fit {
    by_template: bool,
    literals: usize,
}

/// Tells the requests for one API from all others.
#[derive(Debug)]
pub(crate) struct Matcher {
    ours: Faces,
    neighbours: Vec<Faces>,
}

impl Matcher {
    /// A matcher for the API. Its neighbours are other APIs in the same log.
    pub(crate) fn new<'a>(api: &Api, neighbours: impl IntoIterator<Item = &'a Api>) -> Self {
        Self {
            ours: Faces::of(api),
            neighbours: neighbours
                .into_iter()
                .filter(|other| other.id != api.id)
                .map(Faces::of)
                .collect(),
        }
    }

    /// Whether the catalog says enough about the API to find it in a log.
    pub(crate) fn can_tell(&self) -> bool {
        !self.ours.templates.is_empty() || !self.ours.prefixes.is_empty()
    }

    /// Whether the request was meant for the API.
    pub(crate) fn is_meant(&self, request: &Request<'_>) -> bool {
        let target = match request {
            Request::Call { target, .. } => target,
            Request::Other(_) => return false,
        };
        let Some(target) = Target::parse(target) else {
            return false;
        };
        let Some(ours) = self.ours.fit(&target) else {
            return false;
        };
        // What only lies under our prefix and is a route of a neighbour, by more
        // literal segments than the prefix has, is the neighbour's.
        ours.by_template
            || !self
                .neighbours
                .iter()
                .filter_map(|other| other.fit(&target))
                .any(|theirs| theirs.by_template && theirs.literals > ours.literals)
    }
}

impl Faces {
    fn of(api: &Api) -> Self {
        let mut faces = Self {
            hosts: api.hosts.iter().map(|host| host_name(host)).collect(),
            stages: Vec::new(),
            templates: Vec::new(),
            prefixes: Vec::new(),
        };
        for route in &api.routes {
            let template = Template::parse(&route.path);
            faces.prefixes.extend(template.prefix());
            faces.templates.push(template);
        }
        for face in &api.faces {
            match face.kind {
                FaceKind::Stage => faces.stages.extend(segments(face.name.as_bytes()).pop()),
                FaceKind::Alias | FaceKind::Mirror => faces.alias(&face.name),
                // They are not called under a path of the API.
                FaceKind::Documentation | FaceKind::Sdk => {}
                // A face of a kind that this version does not know may be a path.
                _ => faces.alias(&face.name),
            }
        }
        faces
    }

    /// Another host, another path, or both in one URL.
    fn alias(&mut self, name: &str) {
        let (host, path) = match (name.split_once("://"), name.starts_with('/')) {
            (Some((_, rest)), _) => match rest.split_once('/') {
                Some((host, path)) => (Some(host), Some(path)),
                None => (Some(rest), None),
            },
            (None, true) => (None, Some(name)),
            (None, false) => (Some(name), None),
        };
        // Without hosts any host is the API's; one more must not narrow that.
        if let Some(host) = host
            && !self.hosts.is_empty()
        {
            self.hosts.push(host_name(host));
        }
        if let Some(path) = path {
            let prefix = Template::parse(path);
            if prefix.literals() > 0 {
                self.prefixes.push(prefix);
            }
        }
    }

    fn fit(&self, target: &Target) -> Option<Fit> {
        if !self.is_host(target.host.as_deref()) {
            return None;
        }
        let mut best: Option<Fit> = None;
        for path in std::iter::once(&target.path).chain(&target.resolved) {
            let staged = path
                .split_first()
                .filter(|(first, _)| self.stages.contains(first))
                .map(|(_, rest)| rest.to_vec());
            for path in std::iter::once(path).chain(&staged) {
                let fit = self.fit_path(path);
                best = best.max_by_fit(fit);
            }
        }
        best
    }

    fn fit_path(&self, path: &Path) -> Option<Fit> {
        let most = |templates: &[Template], fits: fn(&Template, &Path) -> bool| {
            templates
                .iter()
                .filter(|template| fits(template, path))
                .map(Template::literals)
                .max()
        };
        let by = |by_template| {
            move |literals| Fit {
                by_template,
                literals,
            }
        };
        most(&self.templates, Template::is)
            .map(by(true))
            .or_else(|| most(&self.prefixes, Template::begins).map(by(false)))
    }

    /// Whether the host is one of ours. A log that names none, a catalog that
    /// names none and a bare address do not tell: they may be.
    fn is_host(&self, host: Option<&str>) -> bool {
        match host {
            None => true,
            Some(host) => {
                self.hosts.is_empty()
                    || host.is_empty()
                    || host.parse::<IpAddr>().is_ok()
                    || self.hosts.iter().any(|ours| ours == host)
            }
        }
    }
}

/// The better of two fits.
trait MaxByFit {
    fn max_by_fit(self, other: Option<Fit>) -> Option<Fit>;
}

impl MaxByFit for Option<Fit> {
    fn max_by_fit(self, other: Option<Fit>) -> Option<Fit> {
        self.into_iter()
            .chain(other)
            .max_by_key(|fit| (fit.by_template, fit.literals))
    }
}

/// A host name of a catalog as a request would give it.
fn host_name(host: &str) -> String {
    let name = host.split(':').next().unwrap_or_default();
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}
