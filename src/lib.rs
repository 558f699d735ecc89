//! Drillyard (front page to come).

pub mod check;
pub mod cli;
pub mod database;
pub mod definition;
pub mod engine;
pub mod error;
pub mod listen;
pub mod model;
pub mod record;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod source;
pub mod store;
