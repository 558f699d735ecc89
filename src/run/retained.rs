//! What a run holds on to until its end.

use crate::sandbox::Sandbox;

/// Sandboxes that live until the teardown. Dropping one ends it.
#[derive(Default)]
pub(super) struct Retained {
    /// The restored sandbox, once there is one.
    pub restored: Option<Sandbox>,
    /// The copy of the last rehearsal that failed, with the rehearsal's name, where somebody will want to look at it.
    pub rehearsed: Option<(String, Sandbox)>,
}
