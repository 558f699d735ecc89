//! PostgreSQL.

pub mod redact;
pub mod restore_errors;
pub mod settings;
pub mod start;
pub mod transcript;
