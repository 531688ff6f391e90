//! The size of an archive → the bytes that everything inside it, nested archives included, may
//! inflate to. What nests ten thousandfold is stopped here even if every single layer looks harmless.

use crate::evidence::limits;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may still be inflated. Spent in evidence order, so that the same entries are refused
/// whatever the number of threads.
#[derive(Debug)]
pub struct Budget {
    left: AtomicU64,
}

impl Budget {
    /// The budget of an archive of `size` bytes that lies in no other.
    pub fn of_archive(size: u64) -> Self {
        Self { left: AtomicU64::new(allowance(size)) }
    }

    /// Spends `bytes`; if they are not left, nothing is spent and the error is of kind `QuotaExceeded`.
    pub fn spend(&self, bytes: u64) -> io::Result<()> {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        spent.map(drop).map_err(|_| {
            let detail = "not read: what the archive holds, archives in it included, inflates to \
                          more than its size allows";
            io::Error::new(io::ErrorKind::QuotaExceeded, detail)
        })
    }
}

/// Bytes that the entries of an archive of `size` bytes may have together.
pub(super) fn allowance(size: u64) -> u64 {
    let free = limits::RATIO_FREE.saturating_mul(16);
    size.saturating_mul(limits::RATIO).max(free).min(limits::ARCHIVE_TOTAL.max(size))
}

/// Bytes that one entry stored in `size` bytes may have.
pub(super) fn entry_allowance(size: u64) -> u64 {
    size.saturating_mul(limits::RATIO).max(limits::RATIO_FREE)
}

/// A reader whose bytes are paid from a budget.
pub struct Metered<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<'b, R: Read> Metered<'b, R> {
    /// Pays what is read from `inner` out of `budget`.
    pub fn new(inner: R, budget: &'b Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.spend(count as u64)?;
        Ok(count)
    }
}
