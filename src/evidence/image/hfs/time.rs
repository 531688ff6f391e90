//! A time of HFS+ → UTC (TN1150, "HFS Plus Dates").

use crate::model::Timestamp;

/// Seconds from the first of 1904 to the first of 1970.
const FROM_1904: i64 = 2_082_844_800;

/// Seconds since the first of 1904 in UTC; 0 is none.
pub(super) fn utc(stored: u32) -> Option<Timestamp> {
    let seconds = i64::from(stored).checked_sub(FROM_1904)?;
    Timestamp::from_second(seconds).ok().filter(|_| stored != 0)
}
