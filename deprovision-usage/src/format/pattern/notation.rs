//! The notations: variables and the text between them.

use super::PatternError;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that stands in every line.
    Text(Vec<u8>),
    /// A variable, with its sigil and without braces: `$name`, `$context.name`,
    /// `%NAME(ARGUMENT)%`.
    Variable(String),
}

/// How a server writes a value's special characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escaping {
    /// nginx's default: `\xXX`.
    Hex,
    /// As in a JSON string.
    Json,
    /// Not at all.
    None,
}

/// Takes a pattern apart: a `log_format` directive, or a text with variables. Envoy's
/// notation is that of a text with `%NAME` and without a dollar sign.
pub(super) fn pieces(pattern: &str) -> Result<(Escaping, Vec<Piece>), PatternError> {
    let trimmed = pattern.trim();
    let directive = trimmed
        .strip_prefix("log_format")
        .filter(|rest| rest.starts_with(char::is_whitespace));
    if let Some(rest) = directive {
        let (escaping, text) = self::directive(rest)?;
        return Ok((escaping, dollars(&text)?));
    }
    let (escaping, text) = match trimmed.strip_prefix("escape=") {
        Some(rest) => {
            let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            (self::escaping(name)?, text.trim_start())
        }
        None => {
            let text = pattern.trim_end_matches(['\r', '\n']);
            // API Gateway is not known to escape anything.
            let hex = !text.contains("$context.");
            (if hex { Escaping::Hex } else { Escaping::None }, text)
        }
    };
    if text.contains('$') {
        return Ok((escaping, dollars(text)?));
    }
    Ok((Escaping::None, percents(text)?))
}

fn escaping(name: &str) -> Result<Escaping, PatternError> {
    match name {
        "default" => Ok(Escaping::Hex),
        "json" => Ok(Escaping::Json),
        "none" => Ok(Escaping::None),
        _ => Err(PatternError::Directive {
            reason: "has an escape= that is none of default, json and none",
        }),
    }
}

/// ` main escape=json '…' '…';`: the quoted texts in a row.
fn directive(rest: &str) -> Result<(Escaping, String), PatternError> {
    let wrong = |reason| PatternError::Directive { reason };
    let rest = rest.trim().trim_end_matches(';').trim_start();
    let (_, rest) = rest
        .split_once(char::is_whitespace)
        .ok_or(wrong("has no format behind its name"))?;
    let mut rest = rest.trim_start();
    let mut escaping = Escaping::Hex;
    if let Some(after) = rest.strip_prefix("escape=") {
        let (name, after) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
        escaping = self::escaping(name)?;
        rest = after.trim_start();
    }
    let mut text = String::new();
    while let Some(quote) = rest.chars().next() {
        if quote != '\'' && quote != '"' {
            return Err(wrong("has a format that is not in quotes"));
        }
        let mut characters = rest.char_indices().skip(1);
        let end = loop {
            match characters.next() {
                None => return Err(wrong("has a quote that does not close")),
                Some((at, character)) if character == quote => break at,
                Some((_, '\\')) => match characters.next() {
                    // What nginx's configuration reads there.
                    Some((_, escaped @ ('\'' | '"' | '\\'))) => text.push(escaped),
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => return Err(wrong("has a quote that does not close")),
                },
                Some((_, character)) => text.push(character),
            }
        };
        rest = rest.get(end + 1..).unwrap_or_default().trim_start();
    }
    Ok((escaping, text))
}

/// `$name`, `${name}` and `$context.name`.
fn dollars(text: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let unclosed = PatternError::Unclosed {
            at: text.len() - rest.len() + dollar,
        };
        let (before, variable) = rest.split_at(dollar);
        put(&mut pieces, before);
        let variable = variable.strip_prefix('$').unwrap_or_default();
        let (name, after) = match variable.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or(unclosed.clone())?,
            None => {
                let dots = variable.starts_with("context.");
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || dots && c == '.';
                let end = variable.find(|c| !is_name(c)).unwrap_or(variable.len());
                variable.split_at(end)
            }
        };
        if name.is_empty() {
            return Err(unclosed);
        }
        pieces.push(Piece::Variable(format!("${name}")));
        rest = after;
    }
    put(&mut pieces, rest);
    Ok(pieces)
}

/// `%NAME%`, `%NAME(ARGUMENT)%`, `%NAME(ARGUMENT):20%`, and `%%` for a percent sign.
fn percents(text: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(percent) = rest.find('%') {
        let unclosed = || PatternError::Unclosed {
            at: text.len() - rest.len() + percent,
        };
        let (before, operator) = rest.split_at(percent);
        put(&mut pieces, before);
        let operator = operator.strip_prefix('%').unwrap_or_default();
        if let Some(after) = operator.strip_prefix('%') {
            put(&mut pieces, "%");
            rest = after;
            continue;
        }
        // An argument may hold percent signs: %START_TIME(%s.%3f)%.
        let name_end = operator
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .ok_or_else(unclosed)?;
        let argument = operator.get(name_end..).unwrap_or_default();
        let close = match argument.strip_prefix('(') {
            Some(inside) => inside.find(')').ok_or_else(unclosed)? + 2,
            None => 0,
        };
        let tail = argument.get(close..).unwrap_or_default();
        let (_length, after) = tail.split_once('%').ok_or_else(unclosed)?;
        let name = operator.get(..name_end + close).unwrap_or_default();
        if name_end == 0 {
            return Err(unclosed());
        }
        pieces.push(Piece::Variable(format!("%{name}%")));
        rest = after;
    }
    put(&mut pieces, rest);
    Ok(pieces)
}

/// Adds text, to the text before it where there is some.
fn put(pieces: &mut Vec<Piece>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.extend(text.bytes());
    } else {
        pieces.push(Piece::Text(text.into()));
    }
}
