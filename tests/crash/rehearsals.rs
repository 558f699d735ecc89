//! `kill -9` in a rehearsal, where a copy mounts the restored volume: with nobody left to sweep, the lease alone ends both,
//! and in the order in which the engine lets go of the volume.

use std::time::Duration;

use crate::rig::engine::shell;
use crate::rig::{REHEARSING, Rig, at_a_time, within};

/// The restored sandbox outlives its copies by seconds; a machine under load takes its time over the rest.
const GONE: Duration = Duration::from_secs(90);

#[test]
fn a6_killed_in_a_step_of_a_rehearsal_no_container_and_no_volume_stays_without_a_sweep() {
    let by_psql = REHEARSING.split("    forward:").next().unwrap().to_owned()
        + "    forward: { sql: [up.sql] }\n    back: { sql: [down.sql] }\n";
    // The sandbox, its copy, and the tool beside it.
    at_a_time(2, vec![(by_psql, 2), (REHEARSING.to_owned(), 3)], |(drill, containers)| {
        let rig = Rig::new(&drill);
        std::fs::write(rig.path("up.sql"), "select pg_sleep(600);\n").unwrap();
        let mut run = rig.start(&[]);
        within(Duration::from_mins(1), "the step to sleep", || rig.running().iter().any(|name| sleeps(name)));
        assert_eq!(rig.on_engine().len(), containers + 2, "with two volumes: {:?}", rig.on_engine());
        assert_eq!(run.kill(), None);
        within(GONE, "the engine to be clean", || rig.on_engine().is_empty());
        assert_eq!(rig.sweep().code, Some(0));
        rig.assert_nothing_remains("kill -9 in a step of a rehearsal");
        assert_eq!(rig.history(), [("aborted".to_owned(), Some("process_lost".to_owned()))]);
    });
}

/// Whether it is the copy, and the migration is at work in it.
fn sleeps(container: &str) -> bool {
    let asked = "/usr/lib/postgresql/*/bin/psql -h 127.0.0.1 -U postgres -XAt -c \
        \"select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600);'\"";
    container.ends_with("-rehearsal-1") && shell(container, asked) == (true, "1".to_owned())
}
