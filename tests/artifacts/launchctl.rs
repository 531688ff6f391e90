//! Tests of launchctl.
