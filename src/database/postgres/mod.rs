//! PostgreSQL.

pub mod settings;
pub mod start;
