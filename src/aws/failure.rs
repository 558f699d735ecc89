//! What it means that a service refused, in words that are safe to show: its code, its sentence, never a header.

use std::error::Error;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

/// Longest text of a service that is passed on, in characters.
const LONGEST: usize = 300;

/// A call that failed, by what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub meaning: Meaning,
    /// The service's code, `DBSnapshotNotFound`; empty where no service has answered, or it has lost its head (5xx): what
    /// was asked for may be done all the same.
    pub code: String,
    /// The service's code and sentence, or what broke on the way.
    pub detail: String,
}

/// What a failed call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// There is no such thing.
    NotFound,
    /// The credentials are missing, wrong, expired, or not allowed.
    Denied,
    /// It lies in an archive tier and would have to be brought back first, for money.
    Archived,
    /// It is not the one any more that was asked for.
    Changed,
    /// A quota or limit of the account.
    Quota,
    /// The service did not answer, or not as it should; another attempt may help.
    Unreachable,
    /// The connection's certificate is not trusted, or there is no TLS at the other end.
    Tls,
}

/// Reads a failed call.
pub fn classify<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Failure {
    match error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            let code = refused.err().code().unwrap_or_default();
            let said = refused.err().message().unwrap_or_default();
            let detail = match (code, said) {
                ("", "") => format!("HTTP status {status}"),
                (code, "") => code.to_owned(),
                (code, said) => format!("{code}: {said}"),
            };
            let known = if status >= 500 { "" } else { code };
            Failure { meaning: meaning(status, code), code: known.to_owned(), detail: clipped(&detail) }
        }
        other => {
            let detail = clipped(&chain(other));
            Failure { meaning: of_transport(&detail), code: String::new(), detail }
        }
    }
}

fn meaning(status: u16, code: &str) -> Meaning {
    match (status, code) {
        (_, "InvalidObjectState") => Meaning::Archived,
        (_, "PreconditionFailed") | (412, _) => Meaning::Changed,
        (
            _,
            "SlowDown"
            | "RequestTimeout"
            | "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "ServiceUnavailable",
        )
        | (500.., _) => Meaning::Unreachable,
        (_, code) if code.contains("Quota") || code.contains("LimitExceeded") => Meaning::Quota,
        (404, _) => Meaning::NotFound,
        (_, code) if code.ends_with("NotFound") || code.ends_with("NotFoundFault") => Meaning::NotFound,
        (401 | 403, _) => Meaning::Denied,
        (_, "ExpiredToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken") => {
            Meaning::Denied
        }
        (_, code) if code.contains("AccessDenied") || code.contains("Unauthorized") => Meaning::Denied,
        _ => Meaning::Unreachable,
    }
}

fn of_transport(detail: &str) -> Meaning {
    let has = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    if has(&["certificate", "tls", "TLS", "InvalidContentType", "corrupt message"]) {
        Meaning::Tls
    } else if has(&["credential", "Credential"]) {
        Meaning::Denied
    } else {
        Meaning::Unreachable
    }
}

/// The causes one after the other, each once.
pub fn chain(error: &dyn Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}

fn clipped(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_by_status_and_code() {
        for (status, code, expected) in [
            (403, "AccessDenied", Meaning::Denied),
            (403, "InvalidObjectState", Meaning::Archived),
            (400, "ExpiredToken", Meaning::Denied),
            (404, "NoSuchKey", Meaning::NotFound),
            (404, "", Meaning::NotFound),
            (400, "DBSnapshotNotFound", Meaning::NotFound),
            (412, "PreconditionFailed", Meaning::Changed),
            (503, "SlowDown", Meaning::Unreachable),
            (500, "InternalError", Meaning::Unreachable),
            (500, "InstanceQuotaExceeded", Meaning::Unreachable),
            (400, "RequestLimitExceeded", Meaning::Unreachable),
            (400, "InstanceQuotaExceeded", Meaning::Quota),
        ] {
            assert_eq!(meaning(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn a_broken_certificate_is_not_a_silent_service() {
        assert_eq!(of_transport("io error: invalid peer certificate: UnknownIssuer"), Meaning::Tls);
        assert_eq!(of_transport("no providers in chain provided credentials"), Meaning::Denied);
        assert_eq!(of_transport("connection refused"), Meaning::Unreachable);
    }
}
