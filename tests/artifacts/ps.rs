//! Tests of ps.
