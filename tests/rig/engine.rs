//! The engine as a person sees it: `docker`, and nothing of the program under test.

use std::process::{Command, Output};

pub fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).env_remove("DOCKER_HOST").output().expect("run docker/prepare")
}

/// What `docker` prints; it must succeed.
pub fn docker_says(arguments: &[&str]) -> String {
    let output = docker(arguments);
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// What a shell inside a container prints to both streams, and whether it succeeded.
pub fn shell(container: &str, script: &str) -> (bool, String) {
    let output = docker(&["exec", container, "bash", "-c", script]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
}

/// Containers in any state, volumes and networks with a label.
pub fn labelled(label: &str) -> Vec<String> {
    let filter = format!("label={label}");
    let mut found = Vec::new();
    for (kind, list) in [
        ("container", ["ps", "--all", "--format", "{{.Names}}"].as_slice()),
        ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
        ("network", &["network", "ls", "--format", "{{.Name}}"]),
    ] {
        let names = docker_says(&[list, &["--filter", &filter]].concat());
        found.extend(names.lines().map(|name| format!("{kind} {name}")));
    }
    found
}

/// Containers that run, with a label.
pub fn running(label: &str) -> Vec<String> {
    let names = docker_says(&["ps", "--format", "{{.Names}}", "--filter", &format!("label={label}")]);
    names.lines().map(str::to_owned).collect()
}

/// After a test that failed: what it has left would disturb the next one.
pub fn remove_labelled(label: &str) {
    for left in labelled(label) {
        match left.split_once(' ') {
            Some(("container", name)) => docker(&["rm", "--force", "--volumes", name]),
            Some(("volume", name)) => docker(&["volume", "rm", "--force", name]),
            Some((_, name)) => docker(&["network", "rm", name]),
            None => continue,
        };
    }
}

/// Things that look like a store's own and are not: they must survive whatever the program does.
pub struct Decoys(Vec<(&'static str, String)>);

impl Decoys {
    pub fn beside(store: &str) -> Self {
        let image = "drillyard/postgres:15";
        let key = drillyard::sandbox::profile::STORE;
        let name = |what: &str| format!("drillyard-wide-{what}-{}", &store.to_lowercase());
        let other = [format!("{key}={store}x"), format!("{key}="), format!("{key}.other={store}")];
        let (bare, running) = (name("bare"), name("running"));
        docker_says(&["create", "--name", &bare, image, "true"]);
        docker_says(&["volume", "create", "--name", &bare]);
        docker_says(&[
            "run",
            "--detach",
            "--network=none",
            "--label",
            &other[0],
            "--name",
            &running,
            image,
            "sleep",
            "900",
        ]);
        let mut all = vec![("container", bare.clone()), ("volume", bare), ("container", running)];
        for (number, label) in other.iter().enumerate() {
            let name = name(&number.to_string());
            docker_says(&["create", "--name", &name, "--label", label, image, "true"]);
            docker_says(&["volume", "create", "--name", &name, "--label", label]);
            all.extend([("container", name.clone()), ("volume", name)]);
        }
        Self(all)
    }

    pub fn assert_untouched(&self) {
        for (kind, name) in &self.0 {
            assert!(docker(&[kind, "inspect", name]).status.success(), "the {kind} {name} was touched");
        }
        let (_, running) = &self.0[2];
        assert_eq!(docker_says(&["inspect", "--format", "{{.State.Running}}", running]), "true");
    }
}

impl Drop for Decoys {
    fn drop(&mut self) {
        for (kind, name) in &self.0 {
            docker(&[kind, "rm", "--force", name]);
        }
    }
}
