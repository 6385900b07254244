//! What a request's target names: a host, where it does, and a path.

use memchr::memchr;

use crate::line::hex;

/// The host and the path of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As it was written, with a port where there is one; only absolute-form
    /// targets name one.
    pub(super) host: Option<Vec<u8>>,
    /// The path's segments as they were sent.
    pub(super) path: Path,
    /// The same after `.` and `..` were resolved, when that changes it.
    pub(super) resolved: Option<Path>,
}

/// The segments of a path: percent-decoded, in lower case, without empty ones.
pub(super) type Path = Vec<Vec<u8>>;

impl Target {
    /// Reads the target of a request line (RFC 9112, section 3.2). `None` for `*`
    /// and for the authority of a CONNECT, which name no path.
    pub(super) fn parse(target: &[u8]) -> Option<Self> {
        let (host, path) = match authority(target) {
            Some((authority, path)) => (Some(authority.to_vec()), path),
            None => (None, target),
        };
        if host.is_none() && !path.starts_with(b"/") {
            return None;
        }
        let path = segments(path);
        let resolved = resolve(&path);
        Some(Self {
            host,
            resolved: (resolved != path).then_some(resolved),
            path,
        })
    }
}

/// Cuts `http://authority/path` apart.
fn authority(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = target.windows(3).position(|three| three == b"://")?;
    let (scheme, rest) = (target.get(..colon)?, target.get(colon + 3..)?);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let end = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// The segments of a path, without its query.
pub(super) fn segments(path: &[u8]) -> Path {
    cut(&decoded(path)).map(<[u8]>::to_vec).collect()
}

/// A path without its query, percent-decoded and in lower case. Decoded before it is
/// cut, so that `%2F` separates: some servers take it so, and with the prefix rule no
/// request is lost by it.
pub(super) fn decoded(path: &[u8]) -> Vec<u8> {
    let end = path
        .iter()
        .position(|b| matches!(b, b'?' | b'#'))
        .unwrap_or(path.len());
    let mut text = decode(path.get(..end).unwrap_or_default());
    text.make_ascii_lowercase();
    text
}

/// The segments of a decoded path, without empty ones.
pub(super) fn cut(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/')
        // `;name=value` is a parameter of the segment, no part of its name.
        .filter_map(|segment| segment.split(|b| *b == b';').next())
        .filter(|segment| !segment.is_empty())
}

/// Undoes percent-encoding once; what is no encoding stands for itself.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(percent) = memchr(b'%', rest) {
        let (plain, encoded) = rest.split_at(percent);
        out.extend_from_slice(plain);
        if let [_, high, low, tail @ ..] = encoded
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high * 16 + low);
            rest = tail;
        } else {
            out.push(b'%');
            rest = encoded.get(1..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Removes `.` and lets `..` remove what is before it.
fn resolve(path: &Path) -> Path {
    let mut out = Path::new();
    for segment in path {
        match segment.as_slice() {
            b"." => {}
            b".." => {
                out.pop();
            }
            _ => out.push(segment.clone()),
        }
    }
    out
}
