//! Building templates, and trying each of them before a letter is due.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use deprovision_core::catalog::LanguageTag;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::names::{DEFAULTS, ENGLISH, KINDS, STAGES};
use super::{TemplateError, Templates, filters, sample};

/// Templates of the user's, over those of this crate.
#[derive(Debug, Clone, Default)]
pub struct TemplatesBuilder {
    given: BTreeMap<String, String>,
}

impl TemplatesBuilder {
    /// Replaces a template, or adds one of another language: `en/closed.subject`,
    /// `de/layout.html`. A name that begins with an underscore, as `en/_signature.html`,
    /// is a part of your own, for other templates to include.
    #[must_use]
    pub fn template(mut self, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.given.insert(name.into(), source.into());
        self
    }

    /// Takes every file `DIRECTORY/LANGUAGE/NAME`. Files whose names begin with a dot
    /// are left out.
    ///
    /// # Errors
    /// [`TemplateError::File`] when the directory or a file can not be read.
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Result<Self, TemplateError> {
        for language in entries(directory.as_ref())? {
            for file in entries(&language)? {
                let name = [&language, &file].map(|path| {
                    let name = path.file_name().unwrap_or_default();
                    name.to_string_lossy().into_owned()
                });
                let source = std::fs::read_to_string(&file)
                    .map_err(|error| TemplateError::File(file.clone(), error))?;
                self.given.insert(name.join("/"), source);
            }
        }
        Ok(self)
    }

    /// Reads all templates, and tries each with sample letters of every stage: with all
    /// facts and with as few as possible, of one API and of several.
    ///
    /// # Errors
    /// [`TemplateError`] names the template, the line and what is wrong.
    pub fn build(self) -> Result<Templates, TemplateError> {
        let languages = self.languages()?;
        let mut environment = environment()?;
        for language in languages.keys() {
            for (name, source) in self.sources(language) {
                environment
                    .add_template_owned(name.clone(), source.into_owned())
                    .map_err(|error| TemplateError::of(&name, &error, None))?;
            }
        }
        let templates = Templates::new(environment, languages.clone());
        for (language, stages) in &languages {
            for (what, letter) in sample::letters(language, stages) {
                let wording = templates.wording(&letter);
                let mut notices = letter.notices().iter();
                let rendered = wording.message().map(drop).and_then(|()| {
                    notices.try_for_each(|notice| wording.calendar(notice).map(drop))
                });
                rendered.map_err(|error| with_letter(error, &what))?;
            }
        }
        Ok(templates)
    }

    /// The languages, with the stages that each has.
    fn languages(&self) -> Result<BTreeMap<String, BTreeSet<&'static str>>, TemplateError> {
        let mut languages = BTreeMap::from([(ENGLISH.to_owned(), BTreeSet::from(STAGES))]);
        for name in self.given.keys() {
            let unknown = || TemplateError::Name {
                name: name.clone(),
                known: DEFAULTS
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
            };
            let (language, file) = name.split_once('/').ok_or_else(unknown)?;
            let is_tag = language.parse::<LanguageTag>().is_ok();
            let known = DEFAULTS.iter().any(|(name, _)| *name == file) || is_own(file);
            if !is_tag || !known || language != language.to_ascii_lowercase() {
                return Err(unknown());
            }
            let stages = languages.entry(language.to_owned()).or_default();
            if let Some(stage) = STAGES.iter().find(|stage| is_of(file, stage)) {
                stages.insert(stage);
            }
        }
        for (language, stages) in &languages {
            for (stage, kind) in stages
                .iter()
                .flat_map(|stage| KINDS.map(|kind| (stage, kind)))
            {
                let missing = format!("{language}/{stage}.{kind}");
                if language != ENGLISH && !self.given.contains_key(&missing) {
                    return Err(TemplateError::Incomplete {
                        missing,
                        stage: (*stage).to_owned(),
                    });
                }
            }
        }
        Ok(languages)
    }

    /// Everything that a language's letters can be made of: its own templates, and the
    /// English ones where it has none.
    fn sources(&self, language: &str) -> Vec<(String, Cow<'_, str>)> {
        let given = |language: &str, file: &str| self.given.get(&format!("{language}/{file}"));
        let mut sources: Vec<(String, Cow<'_, str>)> = DEFAULTS
            .iter()
            .map(|(file, default)| {
                let source = given(language, file).or_else(|| given(ENGLISH, file));
                let source = source.map_or(Cow::Borrowed(*default), |s| Cow::Borrowed(s.as_str()));
                (format!("{language}/{file}"), source)
            })
            .collect();
        let own: BTreeSet<&str> = self
            .given
            .keys()
            .filter_map(|name| name.split_once('/'))
            .filter(|(of, file)| is_own(file) && (*of == language || *of == ENGLISH))
            .map(|(_, file)| file)
            .collect();
        for file in own {
            if let Some(source) = given(language, file).or_else(|| given(ENGLISH, file)) {
                sources.push((format!("{language}/{file}"), Cow::Borrowed(source.as_str())));
            }
        }
        sources
    }
}

fn is_own(file: &str) -> bool {
    file.starts_with('_') && !file.contains('/')
}

fn is_of(file: &str, stage: &str) -> bool {
    file.strip_prefix(stage)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The paths in a directory but for hidden ones, by name.
fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, TemplateError> {
    let fail = |error| TemplateError::File(directory.to_owned(), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The engine: strict about names that are not there, and pages escaped.
fn environment() -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| TemplateError::of("", &error, None))?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    // A template names others without the language: they are of its own.
    environment.set_path_join_callback(|name, parent| match parent.split_once('/') {
        Some((language, _)) => format!("{language}/{name}").into(),
        None => name.into(),
    });
    // A source of an error holds what it was about.
    environment.set_debug(true);
    environment.add_filter("group", filters::group);
    Ok(environment)
}

/// The error, with the letter that showed it.
fn with_letter(error: TemplateError, what: &str) -> TemplateError {
    match error {
        TemplateError::Wrong {
            name,
            line,
            what: wrong,
            ..
        } => TemplateError::Wrong {
            name,
            line,
            what: wrong,
            letter: Some(what.to_owned()),
        },
        TemplateError::Empty { name, .. } => TemplateError::Empty {
            name,
            letter: Some(what.to_owned()),
        },
        other @ (TemplateError::Name { .. }
        | TemplateError::Incomplete { .. }
        | TemplateError::File(..)) => other,
    }
}
