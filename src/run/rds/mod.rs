//! A snapshot of RDS can only become an instance.
//!
//! 1. [`prepare()`]: what is known of the snapshot, before anything is made and paid for.
//! 2. [`stand_up`]: the intent, the restore, the wait, the look at what it became, a password of ours.
//! 3. Either its database is drawn from it ([`draw()`], by [`pg_dump`]) into an archive that is a backup like any other; or
//!    the instance itself is asked ([`ask`], `then: instance`).
//! 4. [`remove`]: it goes, and a listing by its tag proves it.
//!
//! The rest of a run knows only what is named here.

mod ask;
mod draw;
mod pg_dump;
mod prepare;
mod remove;
mod stand_up;

pub(super) use ask::recover;
pub(super) use draw::draw;
pub(super) use prepare::{Prepared, prepare};
pub(super) use remove::{no_instance_is_left, remove_instance};
