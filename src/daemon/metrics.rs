//! What is measured, for Prometheus. Labels are names of drills and words of closed lists, never a path, an address or an
//! error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::health::Now;
use crate::model::{DrillName, Verdict};
use crate::record::RunSummary;

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDrill {
    drill: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    drill: String,
    verdict: &'static str,
}

/// All metrics of one daemon.
pub struct Metrics {
    registry: Registry,
    /// The drills that have a series, and the verdicts of their runs.
    known: Mutex<BTreeMap<DrillName, BTreeSet<&'static str>>>,
    runs: Family<OfVerdict, Counter>,
    leaked: Family<OfDrill, Counter>,
    last_proof: Family<OfDrill, Seconds>,
    last_end: Family<OfDrill, Seconds>,
    recovery_time: Family<OfDrill, Seconds>,
    recovery_point: Family<OfDrill, Seconds>,
    next_due: Family<OfDrill, Seconds>,
    outbox: Gauge,
    tick_age: Seconds,
    drills: Gauge,
    errors: Gauge,
    running: Gauge,
    waiting: Gauge,
    engine: Gauge,
}

impl Metrics {
    /// All at zero, and of no drill yet.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("drillyard"),
            known: Mutex::default(),
            runs: Family::default(),
            leaked: Family::default(),
            last_proof: Family::default(),
            last_end: Family::default(),
            recovery_time: Family::default(),
            recovery_point: Family::default(),
            next_due: Family::default(),
            outbox: Gauge::default(),
            tick_age: Seconds::default(),
            drills: Gauge::default(),
            errors: Gauge::default(),
            running: Gauge::default(),
            waiting: Gauge::default(),
            engine: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("runs", "Runs that ended, since the daemon's start", self.runs.clone());
        registry.register("leaked_runs", "Runs that left something behind", self.leaked.clone());
        let gauges = [
            (
                "last_proof_timestamp_seconds",
                "End of the last run that proves recovery, 0 where there is none",
                &self.last_proof,
            ),
            ("last_end_timestamp_seconds", "End of the last run, whatever its verdict", &self.last_end),
            ("recovery_time_seconds", "Recovery time of the last proof", &self.recovery_time),
            ("recovery_point_age_seconds", "Age of the last proof's recovery point", &self.recovery_point),
            ("next_due_timestamp_seconds", "When the drill is due next", &self.next_due),
        ];
        for (name, help, family) in gauges {
            registry.register(name, help, family.clone());
        }
        registry.register("loop_tick_age_seconds", "Since the loop last turned", self.tick_age.clone());
        let counts = [
            ("outbox_waiting", "Messages that wait for their delivery", &self.outbox),
            ("drills", "Drills in force", &self.drills),
            ("definition_errors", "Errors in files of drills and settings", &self.errors),
            ("runs_running", "Runs that go on", &self.running),
            ("runs_waiting", "Runs that wait for room", &self.waiting),
            ("engine_up", "Whether the container engine answered when it was last asked", &self.engine),
        ];
        for (name, help, gauge) in counts {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Takes up a run that has ended.
    pub fn ended(&self, run: &RunSummary) {
        let (of, verdict) = (of(&run.drill), run.verdict.map_or("unknown", Verdict::word));
        self.known().entry(run.drill.clone()).or_default().insert(verdict);
        self.runs.get_or_create(&OfVerdict { drill: of.drill.clone(), verdict }).inc();
        if run.leaked {
            self.leaked.get_or_create(&of).inc();
        }
        if let Some(at) = run.finished_at {
            self.last_end.get_or_create(&of).set(seconds(at));
        }
        if run.proof {
            self.proven(&run.drill, run);
        }
    }

    /// Takes up a drill's proof, of this daemon or of one before it, and perhaps of the drill's former name.
    pub fn proven(&self, drill: &DrillName, run: &RunSummary) {
        self.known().entry(drill.clone()).or_default();
        let of = of(drill);
        if let Some(at) = run.finished_at {
            self.last_proof.get_or_create(&of).set(seconds(at));
        }
        if let Some(time) = run.time_to_verified_seconds {
            self.recovery_time.get_or_create(&of).set(time);
        }
        if let Some(age) = run.recovery_point_age_seconds {
            self.recovery_point.get_or_create(&of).set(age);
        }
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub fn text(&self, now: &Now, outbox: Option<u64>) -> String {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.drills.set(count(now.drills.as_ref().map_or(0, BTreeSet::len)));
        self.errors.set(count(now.errors));
        self.running.set(count(now.running));
        self.waiting.set(count(now.waiting));
        self.engine.set(i64::from(now.engine == Some(true)));
        self.outbox.set(outbox.map_or(-1, |depth| i64::try_from(depth).unwrap_or(i64::MAX)));
        self.tick_age.set(now.turned.elapsed().min(Duration::from_hours(24 * 365)).as_secs_f64());
        self.keep_those_in_force(now);
        self.next_due.clear();
        for (drill, at) in &now.next_due {
            self.next_due.get_or_create(&of(drill)).set(seconds(*at));
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        classic(&text)
    }
}

impl Metrics {
    /// A drill that is gone takes its series with it, and one with a schedule has a last proof from its beginning: an
    /// alarm on a series that is not there never rings (2026-11-22).
    fn keep_those_in_force(&self, now: &Now) {
        // Before the loop has turned, nobody knows which are in force, and a restart takes no proof off.
        let Some(in_force) = &now.drills else { return };
        let mut known = self.known();
        known.retain(|name, verdicts| {
            if in_force.contains(name) {
                return true;
            }
            let drill = of(name);
            for family in [&self.last_proof, &self.last_end, &self.recovery_time, &self.recovery_point] {
                family.remove(&drill);
            }
            self.leaked.remove(&drill);
            for verdict in verdicts.iter() {
                self.runs.remove(&OfVerdict { drill: name.to_string(), verdict });
            }
            false
        });
        for drill in &now.scheduled {
            known.entry(drill.clone()).or_default();
            drop(self.last_proof.get_or_create(&of(drill)));
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<DrillName, BTreeSet<&'static str>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn of(drill: &DrillName) -> OfDrill {
    OfDrill { drill: drill.to_string() }
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact for the next 285,000 years")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// The newer format as Prometheus' older one, which every reader of metrics knows: there a counter is declared by
/// the name of its samples, and nothing ends the page.
fn classic(text: &str) -> String {
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(kind), Some(name), Some(rest)) if counters.contains(&name) => {
                out.extend(["# ", kind, " ", name, "_total ", rest, "\n"]);
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_declared_by_the_name_of_their_samples() {
        let open =
            "# HELP a_b Things.\n# TYPE a_b counter\na_b_total{drill=\"x\"} 1\n# TYPE c gauge\nc 2\n# EOF\n";
        let expected = "# HELP a_b_total Things.\n# TYPE a_b_total counter\na_b_total{drill=\"x\"} 1\n# TYPE c gauge\nc 2\n";
        assert_eq!(classic(open), expected);
    }

    fn run(drill: &str, verdict: Verdict) -> RunSummary {
        RunSummary {
            run: "01KAJ2Q8G0000000000000DRVN".parse().unwrap(),
            drill: drill.parse().unwrap(),
            service: "shop".to_owned(),
            due_at: None,
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Some(Timestamp::from_second(1000).unwrap()),
            verdict: Some(verdict),
            reason: None,
            sentence: None,
            time_to_verified_seconds: Some(41.0),
            recovery_point_age_seconds: Some(3600.0),
            leaked: true,
            proof: verdict == Verdict::Passed,
            chosen_by_hand: false,
        }
    }

    /// With these drills in force, the first of which has a schedule.
    fn page(metrics: &Metrics, drills: &[&str]) -> String {
        let named = |names: &[&str]| names.iter().map(|name| name.parse::<DrillName>().unwrap()).collect();
        let now = Now {
            turned: std::time::Instant::now(),
            drills: Some(named(drills)),
            scheduled: named(&drills[..1]),
            errors: 0,
            running: 0,
            waiting: 0,
            engine: None,
            refused: None,
            next_due: BTreeMap::new(),
        };
        metrics.text(&now, Some(0))
    }

    #[test]
    fn a_drill_that_was_never_proven_has_a_last_proof_to_raise_an_alarm_on() {
        let metrics = Metrics::new();
        let of = |drill: &str, value: &str| {
            format!("drillyard_last_proof_timestamp_seconds{{drill=\"{drill}\"}} {value}\n")
        };
        let told = page(&metrics, &["orders", "by-hand"]);
        assert!(told.contains(&of("orders", "0.0")) && !told.contains("by-hand"), "{told}");
        metrics.ended(&run("orders", Verdict::Failed));
        assert!(page(&metrics, &["orders"]).contains(&of("orders", "0.0")));
        // Under its former name it was proven.
        metrics.proven(&"orders".parse().unwrap(), &run("shop", Verdict::Passed));
        let told = page(&metrics, &["orders"]);
        assert!(told.contains(&of("orders", "1000.0")) && !told.contains("drill=\"shop\""), "{told}");
    }

    #[test]
    fn a_drill_that_is_gone_is_on_no_metric() {
        let metrics = Metrics::new();
        for verdict in [Verdict::Passed, Verdict::Failed] {
            metrics.ended(&run("orders", verdict));
        }
        assert!(page(&metrics, &["orders"]).contains("drill=\"orders\",verdict=\"failed\""));
        let told = page(&metrics, &["users"]);
        assert!(!told.contains("orders") && told.contains("drill=\"users\""), "{told}");
    }
}
