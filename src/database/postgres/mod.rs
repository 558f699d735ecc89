//! PostgreSQL.

pub mod archive;
pub mod settings;
pub mod start;
