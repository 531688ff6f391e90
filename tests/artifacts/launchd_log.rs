//! Tests of launchd_log.
