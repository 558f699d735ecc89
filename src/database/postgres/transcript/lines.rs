//! Lines out of byte pieces, within bounded memory.

/// The longest line that is kept; the rest of a longer one is dropped.
const LONGEST_LINE: usize = 8 * 1024;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Hands every line that these bytes complete to `each`, without its end.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.partial.len()).min(part.len());
            self.partial.extend_from_slice(&part[..room]);
            if part.ends_with(b"\n") {
                self.finish(&mut each);
            }
        }
    }

    /// Hands over what is left.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            each(String::from_utf8_lossy(&self.partial).trim_end());
            self.partial.clear();
        }
    }
}
