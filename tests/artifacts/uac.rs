//! Tests of uac.
