use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder of drills that nobody has touched for a while, because a file that is being written is not read.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        fs::create_dir(files.0.path().join("drills")).unwrap();
        fs::write(files.0.path().join("dump"), "").unwrap();
        files.write("drillyard.yaml", "roots: [.]\n");
        files
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        self.age(name);
    }

    fn age(&self, name: &str) {
        static ROUNDS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let round = ROUNDS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let old = SystemTime::now() - Duration::from_mins(10) + Duration::from_millis(round);
        fs::File::options().write(true).open(self.0.path().join(name)).unwrap().set_modified(old).unwrap();
    }

    fn drill(&self, name: &str, cron: &str) {
        self.write(&format!("drills/{name}.yaml"), &drill(name, cron));
    }

    fn load(&self) -> Definitions {
        let (settings, faults) =
            settings::load(Some(&self.0.path().join("drillyard.yaml")), Path::new("/")).unwrap();
        assert_eq!(faults, []);
        Definitions::load(settings)
    }
}

fn drill(name: &str, cron: &str) -> String {
    format!(
        "drill: {name}\nschedule: {{ cron: \"{cron}\" }}\nbackup: {{ source: {{ local: {{ path: ../dump }} }} }}\n\
         checks:\n  - tables: {{ at_least: 1 }}\n"
    )
}

fn names(definitions: &Definitions) -> Vec<&str> {
    definitions.drills().keys().map(DrillName::as_str).collect()
}

#[test]
fn i1_a_broken_file_keeps_the_last_good_version_of_its_drill_and_others_go_on() {
    let files = Files::new();
    files.drill("orders", "0 3 * * *");
    files.drill("users", "0 4 * * *");
    let mut definitions = files.load();
    assert_eq!(names(&definitions), ["orders", "users"]);
    let good = definitions.drills()["orders".parse::<DrillName>().as_ref().unwrap()].clone();
    files.write("drills/orders.yaml", "drill: orders\nbackup: [\n");
    files.drill("users", "0 5 * * *");
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!(names(&definitions), ["orders", "users"]);
    assert_eq!(definitions.drills()[&good.name], good);
    assert!(definitions.errors() > 0);
    let defined = definitions.defined();
    assert_eq!(
        (defined.drills.len(), defined.broken.len()),
        (2, 1),
        "whoever reads the digest must hear of it"
    );
    files.drill("orders", "0 3 * * *");
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!((definitions.errors(), definitions.defined().broken), (0, vec![]));
}

#[test]
fn i7_a_file_that_is_gone_takes_its_drill_with_it_and_one_that_is_being_written_waits() {
    let files = Files::new();
    files.drill("orders", "0 3 * * *");
    let mut definitions = files.load();
    assert_eq!(definitions.look(false), Looked::Same);
    fs::write(files.0.path().join("drills/users.yaml"), drill("users", "0 4 * * *")).unwrap();
    assert_eq!(definitions.look(false), Looked::Unsettled);
    assert_eq!(names(&definitions), ["orders"]);
    files.age("drills/users.yaml");
    assert_eq!(definitions.look(false), Looked::Read);
    fs::remove_file(files.0.path().join("drills/orders.yaml")).unwrap();
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!(names(&definitions), ["users"]);
}

#[test]
fn settings_with_an_error_leave_the_last_good_ones_in_force() {
    let files = Files::new();
    files.drill("orders", "0 3 * * *");
    let mut definitions = files.load();
    files.write("drillyard.yaml", "roots: [.]\nrunner: { at_once: 0 }\n");
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!(definitions.settings().runner_at_once, None);
    assert_eq!((names(&definitions), definitions.errors() > 0), (vec!["orders"], true));
    files.write("drillyard.yaml", "roots: [.]\nrunner: { at_once: 5 }\n");
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!(definitions.settings().runner_at_once, Some(5));
}

#[test]
fn i1_an_error_in_the_defaults_keeps_the_last_good_version_of_the_drills_that_take_it_over() {
    let files = Files::new();
    files.drill("orders", "0 3 * * *");
    let mut definitions = files.load();
    let faulty = "roots: [.]\ndefaults: { sandbox: { memory: 1MiB } }\n";
    files.write("drillyard.yaml", faulty);
    assert_eq!(definitions.look(false), Looked::Read);
    assert_eq!((names(&definitions), definitions.errors()), (vec!["orders"], 1));
    let broken = definitions.defined().broken;
    assert_eq!((broken.len(), broken[0].drills.len(), broken[0].unread), (1, 1, false), "{broken:?}");
}

#[test]
fn a_folder_that_is_not_there_yet_is_no_fault_of_a_daemon_without_settings() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { drills: vec![folder.path().join("drills")], ..Settings::default() };
    let definitions = Definitions::load(settings);
    assert_eq!((definitions.drills().len(), definitions.errors()), (0, 0));
}
