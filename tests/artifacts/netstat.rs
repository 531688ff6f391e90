//! Tests of netstat.
