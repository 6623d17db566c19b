//! The one place that asks what time it is for events. Must never be used by anything pure.

use crate::session::timestamp::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, to the microsecond.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
