//! Tests of lsof.
