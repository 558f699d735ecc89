//! What carries our labels on the engine, and its removal. Never `prune`: only what is listed by label is touched.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};

use super::{ASK, CHANGE, Engine, EngineError, within};
use crate::model::{Effect, EffectKind};

/// Everything on the engine that carries a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Containers, running or not, volumes and networks.
    pub objects: Vec<Listed>,
}

/// One object on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is, by its name.
    pub effect: Effect,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Whether it is a container that runs.
    pub running: bool,
}

impl Engine {
    /// Lists everything whose label `name` has this value.
    pub async fn inventory(&self, name: &str, value: &str) -> Result<Inventory, EngineError> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{name}={value}")])]);
        let mut objects = self.list_containers(&filters).await?;
        objects.extend(self.list_volumes(&filters).await?);
        objects.extend(self.list_networks(&filters).await?);
        Ok(Inventory { objects })
    }

    async fn list_containers(
        &self,
        filters: &HashMap<String, Vec<String>>,
    ) -> Result<Vec<Listed>, EngineError> {
        let options = ListContainersOptionsBuilder::default().all(true).filters(filters).build();
        let listed =
            within("listing containers by label", ASK, self.docker.list_containers(Some(options))).await?;
        let object = |container: bollard::models::ContainerSummary| {
            let names = container.names.unwrap_or_default();
            let name = names.first().map(|name| name.trim_start_matches('/').to_owned()).or(container.id);
            let running = container.state.is_some_and(|state| state.to_string() == "running");
            listed_as(EffectKind::Container, name.unwrap_or_default(), container.labels, running)
        };
        Ok(listed.into_iter().map(object).collect())
    }

    async fn list_volumes(&self, filters: &HashMap<String, Vec<String>>) -> Result<Vec<Listed>, EngineError> {
        let options = ListVolumesOptionsBuilder::default().filters(filters).build();
        let listed = within("listing volumes by label", ASK, self.docker.list_volumes(Some(options))).await?;
        let volumes = listed.volumes.unwrap_or_default().into_iter();
        Ok(volumes.map(|v| listed_as(EffectKind::Volume, v.name, Some(v.labels), false)).collect())
    }

    async fn list_networks(
        &self,
        filters: &HashMap<String, Vec<String>>,
    ) -> Result<Vec<Listed>, EngineError> {
        let options = ListNetworksOptionsBuilder::default().filters(filters).build();
        let listed =
            within("listing networks by label", ASK, self.docker.list_networks(Some(options))).await?;
        let networks = listed.into_iter();
        Ok(networks
            .map(|n| listed_as(EffectKind::Network, n.name.unwrap_or_default(), n.labels, false))
            .collect())
    }

    /// Removes an object; gone already is done.
    pub async fn remove_effect(&self, effect: &Effect, deadline: Duration) -> Result<(), EngineError> {
        let removed = match effect.kind {
            EffectKind::Container => self.remove(&effect.name, deadline).await,
            EffectKind::Volume => {
                let options = RemoveVolumeOptionsBuilder::default().force(true).build();
                within("removing a volume", CHANGE, self.docker.remove_volume(&effect.name, Some(options)))
                    .await
            }
            EffectKind::Network => {
                within("removing a network", CHANGE, self.docker.remove_network(&effect.name)).await
            }
            // Not on this engine.
            EffectKind::Staging | EffectKind::RdsInstance => Ok(()),
        };
        match removed {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }
}

fn listed_as(
    kind: EffectKind,
    name: String,
    labels: Option<HashMap<String, String>>,
    running: bool,
) -> Listed {
    Listed { effect: Effect { kind, name }, labels: labels.unwrap_or_default(), running }
}
