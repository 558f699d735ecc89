//! A service's refusals as what they mean for the drill.

use std::io;

use crate::aws::AccessError;
use crate::aws::failure::{Failure, Meaning};
use crate::source::SourceError;

/// What a failed call means, where no call of its own sense fails so.
pub(super) fn told(what: &str, failure: &Failure) -> SourceError {
    let what = what.to_owned();
    let detail = failure.detail.clone();
    match failure.meaning {
        Meaning::Denied if detail.to_lowercase().contains("kms") => SourceError::Denied {
            what,
            detail: format!("{detail}; the key needs kms:Decrypt for these credentials"),
        },
        Meaning::Denied => SourceError::Denied { what, detail },
        Meaning::Archived => SourceError::Archived { id: what },
        Meaning::Changed => {
            SourceError::Changed { id: what, how: "another object has its name now".to_owned() }
        }
        Meaning::Tls => SourceError::Untrusted { what, detail },
        Meaning::NotFound | Meaning::Quota | Meaning::Unreachable => {
            SourceError::Unreachable { what, error: io::Error::other(detail) }
        }
    }
}

/// An answer that no such service gives.
pub(super) fn strange(what: &str, how: &str) -> SourceError {
    SourceError::Unreachable { what: what.to_owned(), error: io::Error::other(how.to_owned()) }
}

/// Secrets or certificates that could not be had.
pub(super) fn no_access(error: &AccessError) -> SourceError {
    let detail = error.to_string();
    match error {
        AccessError::Secret(_) => SourceError::Denied { what: "the credentials".to_owned(), detail },
        AccessError::Authority { .. } => SourceError::Untrusted { what: "the endpoint".to_owned(), detail },
    }
}
