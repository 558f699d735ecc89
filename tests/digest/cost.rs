//! What a digest of the content costs, as a multiple of counting every row: `make digest-bench`. A state holds the schema
//! as well, which costs the same however much there is; the state of an empty database is told apart and taken off.

use std::time::Instant;

use drillyard::digest::{self, Options};

use crate::server::database_of;

const GENERATE: &str = include_str!("../../benches/generate-s20.sql");
const ROUNDS: usize = 7;

fn middle(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

#[tokio::test]
#[ignore = "a measurement of some minutes on a quiet machine: make digest-bench"]
async fn a_digest_costs_at_most_five_times_a_count() {
    for major in [15, 17] {
        let database = database_of(major, GENERATE.split("vacuum").next().unwrap()).await;
        database.run("VACUUM (FREEZE, ANALYZE)").await;
        // What is written behind a measurement takes a core away from it.
        database.run("CHECKPOINT").await;
        let (counting, client) = (database.client().await, database.client().await);
        counting.batch_execute("SET max_parallel_workers_per_gather = 0").await.unwrap();
        let empty = database_of(major, "").await.client().await;
        let (mut counts, mut digests, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..=ROUNDS {
            let start = Instant::now();
            for table in ["accounts", "branches", "tellers", "history"] {
                counting.query_one(&format!("SELECT count(*) FROM pgbench_{table}"), &[]).await.unwrap();
            }
            counting.query_one("SELECT count(*) FROM events", &[]).await.unwrap();
            counts.push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            let state = digest::take(&client, &Options::default()).await.unwrap();
            digests.push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            digest::take(&empty, &Options::default()).await.unwrap();
            schemas.push(start.elapsed().as_secs_f64());
            assert_eq!(state.tables.values().map(|table| table.rows).sum::<u64>(), 2_228_220);
        }
        // The first of each fills caches.
        let [count, whole, schema] = [counts, digests, schemas].map(|mut all| middle(all.split_off(1)));
        let digest = whole - schema;
        println!(
            "{major}: count {count:.3} s, digest {digest:.3} s, {:.2} ×; the schema beside it {schema:.3} s; {ROUNDS} rounds",
            digest / count
        );
        assert!(digest <= 5.0 * count, "more than five times");
    }
}
