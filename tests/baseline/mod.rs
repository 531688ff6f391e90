//! Tests of baseline.
