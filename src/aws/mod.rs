//! How services of AWS, and those that are compatible, are reached: clients, credentials, endpoints, and what their
//! refusals mean.
//!
//! Time-outs are ours, because the SDK's defaults do not cover a body that drips; so is the protection against stalled
//! streams, whose look at 1 B/s would let a collapsed link hold a drill for ever (2026-11-21).

pub mod failure;

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{
    Credentials, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use secrecy::ExposeSecret;

use crate::definition::{CloudAccess, CloudCredentials, SecretError, SecretReference};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for the beginning of an answer.
const FIRST_BYTE: Duration = Duration::from_secs(20);
/// Attempts at a call that a service refuses for a moment, the first included.
const ATTEMPTS: u32 = 4;
/// The region that is signed for where a compatible service names none.
const NO_REGION: &str = "us-east-1";

/// A service that can't even be asked.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A secret of the drill could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The authority's file is no certificate.
    #[error("the authority {} could not be used: {why}", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

/// Everything that a client of any service needs.
pub async fn configuration(access: &CloudAccess) -> Result<SdkConfig, AccessError> {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(FIRST_BYTE).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &access.endpoint {
        // Compatible services answer a checksum that they were not asked for with an error, or store it (measured).
        loader = loader
            .endpoint_url(endpoint)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    match (&access.region, &access.endpoint) {
        (Some(region), _) => loader = loader.region(Region::new(region.clone())),
        (None, Some(_)) => loader = loader.region(Region::new(NO_REGION)),
        (None, None) => {}
    }
    if let Some(given) = &access.credentials {
        loader = loader.credentials_provider(SharedCredentialsProvider::new(credentials(given)?));
    }
    if let Some(file) = &access.authority {
        loader = loader.http_client(trusting(file)?);
    }
    Ok(loader.load().await)
}

fn credentials(given: &CloudCredentials) -> Result<Credentials, SecretError> {
    let text =
        |reference: &SecretReference| reference.resolve().map(|secret| secret.expose_secret().to_owned());
    let token = given.session_token.as_ref().map(text).transpose()?;
    Ok(Credentials::new(text(&given.access_key_id)?, text(&given.secret_access_key)?, token, None, "drill"))
}

/// A client that trusts one authority and no other.
fn trusting(file: &PathBuf) -> Result<aws_sdk_s3::config::SharedHttpClient, AccessError> {
    let trouble = |why: String| AccessError::Authority { file: file.clone(), why };
    let pem = std::fs::read(file).map_err(|error| trouble(error.to_string()))?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(trouble("it holds no certificate in PEM form".to_owned()));
    }
    let context =
        TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build();
    let context = context.map_err(|error| trouble(error.to_string()))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https())
}
