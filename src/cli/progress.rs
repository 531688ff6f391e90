//! The counters of a reading → a bar on standard error, drawn by a thread that only watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portolan::pipeline::Progress;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Time between two looks at the counters.
const TICK: Duration = Duration::from_millis(100);

/// Whether a bar is wanted, if standard error is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bar {
    Wanted,
    Unwanted,
}

/// Does `work`, which counts in a [`Progress`], behind a bar.
pub(super) fn watched<T>(bar: Bar, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    if bar == Bar::Unwanted || !std::io::stderr().is_terminal() {
        return work(&progress);
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&progress, &done));
        let stop = Stop { done: &done, watcher: watcher.thread().clone() };
        let result = work(&progress);
        drop(stop);
        result
    })
}

/// Ends the watching, also if the work panics.
struct Stop<'a> {
    done: &'a AtomicBool,
    watcher: thread::Thread,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.watcher.unpark();
    }
}

fn watch(progress: &Progress, done: &AtomicBool) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes} · {msg} · {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !done.load(Ordering::Acquire) {
        let (read, total) =
            (progress.bytes.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
        // Archives grow while they are read.
        bar.set_length(total.max(read));
        bar.set_position(read);
        bar.set_message(format!("{} files", progress.files.load(Ordering::Relaxed)));
        thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}
