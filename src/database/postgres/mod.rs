//! PostgreSQL.

pub mod archive;
pub mod identifier;
pub mod pulse;
pub mod redact;
pub mod restore_errors;
pub mod settings;
pub mod start;
pub mod transcript;
