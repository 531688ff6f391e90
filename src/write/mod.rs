//! Tables → files, under the output directory only, renamed into place when complete.
