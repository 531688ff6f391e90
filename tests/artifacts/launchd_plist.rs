//! Tests of launchd_plist.
