//! How long the parts of an object are.

use deprovision_core::provider::ProviderError;

use crate::error;
use crate::s3::calls::UPLOAD_PART;

/// The most parts an object can have, and the longest object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MOST_PARTS: u64 = 10_000;
const LONGEST: u64 = 5 << 40;

/// The size of the parts of an object: as wanted, or as large as it must be.
pub(crate) fn part_size_for(length: u64, wanted: u64, memory: u64) -> Result<u64, ProviderError> {
    let size = wanted.max(length.div_ceil(MOST_PARTS).next_multiple_of(1 << 20));
    if length > LONGEST {
        return Err(error::invalid(
            UPLOAD_PART.operation,
            "the object is longer than the 5 TiB that S3 takes; split it",
        ));
    }
    if size > memory {
        return Err(error::invalid(
            UPLOAD_PART.operation,
            format!(
                "an object of {length} bytes goes in parts of {size}, and a part must fit into the memory of {memory}; raise ArchiveOptions::memory"
            ),
        ));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn parts_grow_with_the_object_and_never_beyond_the_memory() {
        let size = |length| part_size_for(length, 8 * MIB, 32 * MIB);
        assert_eq!(size(1).unwrap(), 8 * MIB);
        assert_eq!(size(80_000 * MIB).unwrap(), 8 * MIB);
        assert_eq!(size(80_000 * MIB + 1).unwrap(), 9 * MIB);
        assert_eq!(size(320_000 * MIB).unwrap(), 32 * MIB);
        let refused = size(320_000 * MIB + 1).unwrap_err().to_string();
        assert!(
            refused.contains("raise ArchiveOptions::memory"),
            "{refused}"
        );
        assert_eq!(
            part_size_for(LONGEST, 8 * MIB, 600 * MIB).unwrap(),
            525 * MIB
        );
        assert!(part_size_for(LONGEST + 1, 8 * MIB, u64::MAX).is_err());
    }

    proptest! {
        #[test]
        fn an_object_of_any_length_fits_into_its_parts(length in 0..=LONGEST) {
            let size = part_size_for(length, 8 * MIB, u64::MAX).unwrap();
            prop_assert!(length.div_ceil(size) <= MOST_PARTS);
        }
    }
}
