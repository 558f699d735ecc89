//! PostgreSQL.

pub mod identifier;
pub mod pulse;
pub mod settings;
pub mod start;
