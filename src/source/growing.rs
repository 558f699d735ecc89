//! A file that is still being downloaded, read from its beginning while the rest arrives: so that digest, format and
//! structure are known a moment after the last byte, and not a second reading later.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How much of a file's beginning is there. Parts arrive in any order.
#[derive(Debug)]
pub struct Growing {
    state: Mutex<State>,
    changed: Condvar,
    part_bytes: u64,
}

#[derive(Debug)]
struct State {
    /// Bytes that have arrived of each part.
    parts: Vec<u64>,
    /// The first part that is not whole.
    first: usize,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Whole,
    Broken,
}

impl Growing {
    /// Of a file in parts of `part_bytes`, the last one possibly shorter.
    pub fn new(parts: usize, part_bytes: u64) -> Self {
        let state = State { parts: vec![0; parts], first: 0, end: End::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), part_bytes }
    }

    /// So many more bytes of a part are in the file.
    pub fn arrived(&self, part: usize, bytes: u64) {
        let mut state = self.lock();
        if let Some(arrived) = state.parts.get_mut(part) {
            *arrived += bytes;
        }
        while state.parts.get(state.first).is_some_and(|arrived| *arrived >= self.part_bytes) {
            state.first += 1;
        }
        if part == state.first || state.first > part {
            self.changed.notify_all();
        }
    }

    /// Everything is there, and nothing of it changes any more.
    pub fn complete(&self) {
        self.lock().end = End::Whole;
        self.changed.notify_all();
    }

    /// Nothing more will come.
    pub fn give_up(&self) {
        let mut state = self.lock();
        if state.end == End::Open {
            state.end = End::Broken;
        }
        self.changed.notify_all();
    }

    /// Waits until bytes behind `at` are there; returns the offset up to which the file may be read, `u64::MAX` once it
    /// is whole.
    pub fn wait_beyond(&self, at: u64) -> io::Result<u64> {
        let mut state = self.lock();
        loop {
            match state.end {
                End::Whole => return Ok(u64::MAX),
                End::Broken => return Err(io::Error::other("the download ended before its end")),
                End::Open => {}
            }
            let ready = self.ready(&state);
            if ready > at {
                return Ok(ready);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn ready(&self, state: &State) -> u64 {
        let whole = u64::try_from(state.first).unwrap_or(u64::MAX).saturating_mul(self.part_bytes);
        whole.saturating_add(state.parts.get(state.first).copied().unwrap_or_default())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn only_the_beginning_without_a_hole_may_be_read() {
        let growing = Growing::new(3, 10);
        growing.arrived(1, 10);
        growing.arrived(0, 4);
        assert_eq!(growing.wait_beyond(0).unwrap(), 4);
        growing.arrived(0, 6);
        assert_eq!(growing.wait_beyond(4).unwrap(), 20);
        growing.arrived(2, 3);
        assert_eq!(growing.wait_beyond(20).unwrap(), 23);
        growing.complete();
        assert_eq!(growing.wait_beyond(23).unwrap(), u64::MAX);
    }

    #[test]
    fn a_reader_that_waits_is_woken_by_bytes_and_by_the_end() {
        let growing = Arc::new(Growing::new(2, 10));
        let reader = Arc::clone(&growing);
        let waiting = std::thread::spawn(move || (reader.wait_beyond(0), reader.wait_beyond(10)));
        growing.arrived(0, 10);
        growing.give_up();
        let (first, second) = waiting.join().unwrap();
        // Giving up may come before the reader has looked.
        assert!(first.is_err() || first.unwrap() == 10);
        assert!(second.is_err());
    }
}
