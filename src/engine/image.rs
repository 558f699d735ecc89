//! Images: what is there, and what can be pulled.

use std::time::Duration;

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::{ASK, Engine, EngineError, within};

/// What the engine knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its identity, `sha256:…`.
    pub id: String,
    /// Its architecture, `amd64`.
    pub architecture: String,
    /// Paths that the image declares as volumes; each would become an anonymous volume without our labels.
    pub volumes: Vec<String>,
}

impl Engine {
    /// Looks an image up on the engine; `None` where it is not there.
    pub async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, EngineError> {
        match within("looking for an image", ASK, self.docker.inspect_image(reference)).await {
            Ok(image) => Ok(Some(ImageFacts {
                id: image.id.unwrap_or_default(),
                architecture: image.architecture.unwrap_or_default(),
                volumes: image.config.and_then(|config| config.volumes).unwrap_or_default(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pulls an image from its registry, at most `deadline`.
    pub async fn pull(&self, reference: &str, deadline: Duration) -> Result<(), EngineError> {
        let options = CreateImageOptionsBuilder::default().from_image(reference).build();
        let mut pull = self.docker.create_image(Some(options), None, None);
        let all = async {
            while let Some(step) = pull.next().await {
                step?;
            }
            Ok(())
        };
        within("pulling an image", deadline, all).await
    }
}
