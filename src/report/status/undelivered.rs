//! Messages that did not arrive, in a line: who reads `status` is told what others were not.

use crate::model::Channel;
use crate::record::Undelivered;
use crate::record::visible::visible;
use crate::record::words::instant;

/// `2 messages could not be delivered; the oldest: to ops@example.com about orders, given up at 2026-11-21 03:00:00 UTC
/// (refused: 550 no such user).` `None` where all arrived. The oldest comes first.
pub(super) fn sentence(undelivered: &[Undelivered]) -> Option<String> {
    let oldest = undelivered.first()?;
    let count = match undelivered.len() {
        1 => "1 message could not be delivered:".to_owned(),
        count => format!("{count} messages could not be delivered; the oldest:"),
    };
    let about = oldest.drill.as_ref().map_or("several drills", |drill| drill.as_str());
    let refusal = visible(&oldest.refusal);
    let why = if refusal.is_empty() { refusal } else { format!(" ({refusal})") };
    Some(format!("{count} to {} about {about}, {}{why}.", recipient(oldest), state(oldest)))
}

fn recipient(message: &Undelivered) -> String {
    let to = visible(&message.recipient);
    match message.channel {
        Channel::Mail => to,
        Channel::Webhook => format!("the webhook of {to}"),
        Channel::Ping => format!("the ping of {to}"),
    }
}

fn state(message: &Undelivered) -> String {
    match message.given_up_at {
        Some(at) => format!("given up at {}", instant(at)),
        None => "to be tried again by the daemon".to_owned(),
    }
}
