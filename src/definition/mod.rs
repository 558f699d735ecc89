//! Text becomes valid values: a drill that parsed cannot be wrong in form.

pub mod check;
pub mod drill;
pub mod settings;

pub use check::{Bounds, Check, CheckBody, NotValid, SqlExpectation, TableName};
pub use drill::{
    AllowedError, BackupDefinition, Contains, Drill, LocalSource, NewestBy, RestoreDefinition, Roles, SandboxDefinition,
    Select, Source, Storage,
};
pub use settings::Settings;
