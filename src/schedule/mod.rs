//! What a daemon must do now: pure functions of the drills' schedules, of what has been done, and of the time.
//!
//! ```text
//! calendar ─jitter→ due instants ─decide→ due · missed · skipped ─admission→ start · too late
//!                       clock: what two looks at the clocks mean
//! ```
//!
//! Nothing here has a clock, waits or remembers: the daemon brings the time and the watermarks, and does what is said
//! (2026-11-21: so that sixty days of downtime are a test of milliseconds).

pub mod admission;
pub mod clock;
pub mod decide;
pub mod jitter;

pub use admission::{Admission, Capacity, Demand, Used, Waiting, admit, disk_estimate};
pub use clock::{Passed, Reading};
pub use decide::{Decision, DueInstant, Plan, UnstartedInstant, decide, judged_after};
