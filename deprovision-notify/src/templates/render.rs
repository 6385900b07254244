//! Rendering.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use deprovision_core::catalog::LanguageTag;
use deprovision_core::provider::Notice;
use minijinja::Environment;
use minijinja::value::{Serde, Value};

use super::names::{self, ENGLISH};
use super::view::View;
use super::{TemplateError, TemplatesBuilder};
use crate::{Letter, text};

/// What a letter says. `Debug` shows the subject alone: with the links in the rest one
/// answers for the recipient (invariant I-20).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// One line of at most 200 characters.
    pub subject: String,
    /// All of it as plain text.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// What a calendar entry says.
pub(crate) struct CalendarWords {
    pub(crate) summary: String,
    pub(crate) description: String,
}

/// Templates that put letters into words, each in the recipient's language where there
/// is one for the stage, and in English elsewhere.
///
/// They are in the language of Jinja. All of this crate's are English and can be
/// replaced one by one; `templates/en` in its source is the place to start from, and
/// this crate's README lists what a template can name.
///
/// ```
/// use deprovision_notify::Templates;
/// let error = Templates::builder()
///     .template("en/closed.subject", "{{ notices[0].titel }} is closed")
///     .build()
///     .unwrap_err();
/// let error = error.to_string();
/// assert!(error.starts_with("en/closed.subject, line 1: undefined value"), "{error}");
/// ```
pub struct Templates {
    environment: Environment<'static>,
    /// By language, the stages that it has.
    languages: BTreeMap<String, BTreeSet<&'static str>>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("languages", &self.languages)
            .finish_non_exhaustive()
    }
}

impl Templates {
    pub(super) fn new(
        environment: Environment<'static>,
        languages: BTreeMap<String, BTreeSet<&'static str>>,
    ) -> Self {
        Self {
            environment,
            languages,
        }
    }

    /// The English templates of this crate.
    ///
    /// # Errors
    /// Never, as the tests of this crate hold; the signature is that of
    /// [`TemplatesBuilder::build`].
    pub fn english() -> Result<Self, TemplateError> {
        Self::builder().build()
    }

    /// Templates in which some are replaced, or other languages are added.
    #[must_use]
    pub fn builder() -> TemplatesBuilder {
        TemplatesBuilder::default()
    }

    /// Puts a letter into words.
    ///
    /// # Errors
    /// [`TemplateError`] when a template of the user's fails with this letter, though it
    /// did not with the samples.
    pub fn render(&self, letter: &Letter) -> Result<Message, TemplateError> {
        self.wording(letter).message()
    }

    /// What a letter's words are made of, once for all of its templates.
    pub(crate) fn wording<'a>(&'a self, letter: &'a Letter) -> Wording<'a> {
        let stage = names::of(letter.stage());
        let language = self.language(letter.to().language.as_ref(), stage);
        Wording {
            templates: self,
            letter,
            language,
            whole: value(&View::of(letter, language)),
        }
    }

    /// The language to write in: the tag itself, then without its last part, then
    /// English (RFC 4647, 3.4).
    fn language(&self, wanted: Option<&LanguageTag>, stage: &str) -> &str {
        let tag = wanted.map(|tag| tag.as_str().to_ascii_lowercase());
        let mut rest = tag.as_deref();
        while let Some(tag) = rest {
            if let Some((language, stages)) = self.languages.get_key_value(tag)
                && stages.contains(stage)
            {
                return language;
            }
            rest = tag.rsplit_once('-').map(|(front, _)| front);
        }
        ENGLISH
    }

    fn fill(&self, name: &str, view: &Value) -> Result<String, TemplateError> {
        let filled = self
            .environment
            .get_template(name)
            .and_then(|template| template.render(view.clone()))
            .map_err(|error| TemplateError::of(name, &error, None))?;
        if filled.trim().is_empty() {
            return Err(TemplateError::Empty {
                name: name.to_owned(),
                letter: None,
            });
        }
        Ok(filled)
    }
}

/// A letter as its templates see it, beside those templates.
pub(crate) struct Wording<'a> {
    templates: &'a Templates,
    letter: &'a Letter,
    language: &'a str,
    /// The view of all of it. Copies of it share what they hold.
    whole: Value,
}

impl Wording<'_> {
    /// What the letter says.
    pub(crate) fn message(&self) -> Result<Message, TemplateError> {
        let stage = names::of(self.letter.stage());
        let fill = |kind: &str| self.fill(&format!("{stage}.{kind}"), &self.whole);
        Ok(Message {
            subject: text::subject(&fill("subject")?),
            text: plain(&fill("txt")?),
            html: fill("html")?,
        })
    }

    /// What the calendar entry of one notice of the letter says.
    pub(crate) fn calendar(&self, notice: &Notice) -> Result<CalendarWords, TemplateError> {
        // Of one notice the letter is all that there is to see.
        let one = match self.letter.notices() {
            [_] => self.whole.clone(),
            _ => value(&View::of_one(self.letter, notice, self.language)),
        };
        Ok(CalendarWords {
            summary: text::subject(&self.fill("calendar.subject", &one)?),
            description: plain(&self.fill("calendar.txt", &one)?),
        })
    }

    fn fill(&self, file: &str, view: &Value) -> Result<String, TemplateError> {
        self.templates
            .fill(&format!("{}/{file}", self.language), view)
    }
}

fn value(view: &View) -> Value {
    Value::from(Serde(view))
}

/// A filled template as plain text.
fn plain(filled: &str) -> String {
    text::body(&tidy(filled)).replace("\r\n", "\n")
}

/// A text without blanks at the ends of lines, with one empty line where templates left
/// several, and an end of line at its end.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && empty) {
            tidy.push_str(line);
            tidy.push('\n');
        }
        empty = line.is_empty();
    }
    let end = tidy.trim_end().len();
    tidy.truncate(end);
    tidy.push('\n');
    tidy
}
