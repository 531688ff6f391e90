//! Tests of launchd property lists.
