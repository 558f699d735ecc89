//! Eyes on the files of drills: somebody saves one, and the daemon looks at once instead of at its next look.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::wake::{Wake, Waker};
use crate::definition::Settings;

/// Editors write in several steps, and a deployment writes many files: the daemon looks when it has been quiet for so
/// long.
const QUIET: Duration = Duration::from_millis(1200);

/// Watches until it is dropped.
pub struct Watch {
    places: Vec<(PathBuf, RecursiveMode)>,
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Watches the folders of the drills and of the settings. What can't be watched is left to the looks.
    pub fn start(settings: &Settings, waker: Waker) -> Self {
        let places = places(settings);
        let (touch, quiet) = mpsc::channel(1);
        tokio::spawn(wake_when_quiet(quiet, waker));
        let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // A full channel has its touch already.
            if event.is_ok_and(|event| concerns_us(&event)) {
                let _ = touch.try_send(());
            }
        });
        let mut watcher = match made {
            Ok(made) => made,
            Err(error) => {
                tracing::warn!(%error, "files can't be watched: changes are seen one look late");
                return Self { places, _watcher: None };
            }
        };
        for (path, mode) in &places {
            if let Err(error) = watcher.watch(path, *mode) {
                tracing::debug!(path = %path.display(), %error, "not watched: changes are seen one look late");
            }
        }
        Self { places, _watcher: Some(watcher) }
    }

    /// Watches other places where the settings name other ones; what was touched before they were watched is looked at.
    pub fn renew(&mut self, settings: &Settings, waker: &Waker) {
        if places(settings) != self.places {
            *self = Self::start(settings, waker.clone());
            // A daemon that has ended looks at nothing.
            drop(waker.send(Wake::FilesTouched));
        }
    }
}

/// A file is watched by its folder, because editors replace it.
fn places(settings: &Settings) -> Vec<(PathBuf, RecursiveMode)> {
    let folder = |file: &Path| file.parent().unwrap_or(Path::new("/")).to_owned();
    let drills = settings.drills.iter().map(|path| {
        if path.is_dir() {
            (path.clone(), RecursiveMode::Recursive)
        } else {
            (folder(path), RecursiveMode::NonRecursive)
        }
    });
    let settings = settings.file.iter().map(|file| (folder(file), RecursiveMode::NonRecursive));
    drills.chain(settings).collect()
}

/// Reading makes events as well, and the daemon reads; the state directory may lie in the same folder, and is never
/// quiet. What has no ending may be a folder of drills.
fn concerns_us(event: &notify::Event) -> bool {
    let ending = |path: &PathBuf| path.extension().is_none_or(|ending| ending == "yaml" || ending == "yml");
    event.need_rescan() || !event.kind.is_access() && event.paths.iter().any(ending)
}

async fn wake_when_quiet(mut touched: mpsc::Receiver<()>, waker: Waker) {
    while touched.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, touched.recv()).await {}
        if waker.send(Wake::FilesTouched).is_err() {
            return;
        }
    }
}
