//! What is to be expected: the stock baseline of macOS, vendor hints, process classes, service names.
