//! Headers of a request, as bytes.

use deprovision_core::time::{Period, Timestamp};

use super::error::InboundError;

/// How far clocks may differ, in both directions: five minutes, as both protocols say.
pub(crate) const TOLERANCE: Period = Period::minutes(5);

/// The values of some headers, in the order of their names.
pub(crate) fn read<const N: usize, K, V>(
    headers: impl IntoIterator<Item = (K, V)>,
    names: [&'static str; N],
) -> Result<[Option<Vec<u8>>; N], InboundError>
where
    K: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut found = names.map(|_| None);
    for (name, value) in headers {
        for (wanted, place) in names.iter().zip(found.iter_mut()) {
            if name.as_ref().eq_ignore_ascii_case(wanted.as_bytes()) {
                if place.is_some() {
                    return Err(InboundError::Repeated(wanted));
                }
                *place = Some(value.as_ref().trim_ascii().to_vec());
            }
        }
    }
    Ok(found)
}

/// A value that has to be there.
pub(crate) fn needed(value: Option<Vec<u8>>, name: &'static str) -> Result<Vec<u8>, InboundError> {
    value
        .filter(|value| !value.is_empty())
        .ok_or(InboundError::Missing(name))
}

/// Refuses a body that is shorter than was said.
pub(crate) fn whole(length: Option<&[u8]>, body: &[u8]) -> Result<(), InboundError> {
    let Some(length) = length else { return Ok(()) };
    let said = digits(length).ok_or(InboundError::Malformed("content-length"))?;
    match u64::try_from(body.len()) {
        Ok(there) if there >= said => Ok(()),
        Ok(_) | Err(_) => Err(InboundError::Truncated),
    }
}

/// A moment in seconds since 1970, within the tolerance around now.
pub(crate) fn moment(
    value: &[u8],
    name: &'static str,
    now: Timestamp,
) -> Result<Timestamp, InboundError> {
    let seconds = digits(value)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .ok_or(InboundError::Malformed(name))?;
    // What no timestamp can hold is far in the future.
    let at = Timestamp::from_second(seconds).map_err(|_| InboundError::FromTheFuture)?;
    if at < TOLERANCE.before(now) {
        return Err(InboundError::Stale);
    }
    if at > TOLERANCE.after(now) {
        return Err(InboundError::FromTheFuture);
    }
    Ok(at)
}

/// A number in plain digits: no sign, no space.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}
