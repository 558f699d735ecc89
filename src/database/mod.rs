//! Databases as pure recipes: what to start, with which settings, what to ask. No I/O.

pub mod postgres;
