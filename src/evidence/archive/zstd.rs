//! One zstd frame → its content: all that was decoded before an error, and its checksum checked.

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, Read};

/// An empty last block with a checksum behind it (RFC 8878 §3.1.1.2): makes the decoder give the window
/// that it holds back for blocks to come, when none can come any more.
const LAST_BLOCK: &[u8] = b"\x01\0\0\0\0\0\0";

/// A frame being decoded.
pub(super) struct Frame<R> {
    source: R,
    decoder: FrameDecoder,
    failure: Option<String>,
}

impl<R: Read> Frame<R> {
    /// Reads the frame's header.
    pub(super) fn new(mut source: R) -> Result<Self, FrameDecoderError> {
        let mut decoder = FrameDecoder::new();
        decoder.init(&mut source)?;
        Ok(Self { source, decoder, failure: None })
    }

    pub(super) fn get_ref(&self) -> &R {
        &self.source
    }

    pub(super) fn into_inner(self) -> R {
        self.source
    }

    fn has_wrong_checksum(&self) -> bool {
        let told = self.decoder.get_checksum_from_data();
        told.is_some() && told != self.decoder.get_calculated_checksum()
    }
}

impl<R: Read> Read for Frame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            if let Some(failure) = &self.failure {
                return Err(io::Error::other(failure.clone()));
            }
            if self.decoder.is_finished() {
                if self.has_wrong_checksum() {
                    let detail = "the checksum differs";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
                }
                return Ok(0);
            }
            let one = BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.source, one) {
                self.failure = Some(error.to_string());
                let one = BlockDecodingStrategy::UptoBlocks(1);
                // It cannot matter whether it works: the failure is told in any case.
                let _ = self.decoder.decode_blocks(LAST_BLOCK, one);
            }
        }
    }
}
