//! Messages that did not arrive: whoever looks at the record must see that others were not told.

use jiff::Timestamp;

use crate::model::{Channel, DrillName, RunId};

/// A message that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The run that it was about; `None` where it was about several, as a digest is.
    pub run: Option<RunId>,
    /// That run's drill.
    pub drill: Option<DrillName>,
    /// By which way it was to go.
    pub channel: Channel,
    /// To whom: a mail address, or the reference to an address that is a secret.
    pub recipient: String,
    /// What the last attempt met, for a person.
    pub refusal: String,
    /// When it was given up; `None` while it waits for the next attempt.
    pub given_up_at: Option<Timestamp>,
}
