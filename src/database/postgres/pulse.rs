//! Whether a restore moves: one statement that is asked again and again from the outside.

/// One row: `signature` (text; changes whenever anything moves), `busy` (boolean; a backend computes on something that
/// PostgreSQL reports no progress for), `doing` (text; commands).
///
/// "No progress" is 60 s without change in the position of the write-ahead log or in `pg_stat_progress_*`
/// (measures.md). Validating a foreign key of a large table or refreshing a materialised view moves neither for minutes
/// and is no hang: a backend that computes or waits for its disk on such a command counts as moving, and only the
/// restore's deadline ends it (2026-11-21).
/// All of these views are there from 14 on, which is the oldest that a sandbox may be.
pub const STATEMENT: &str = "\
        select concat_ws('/', pg_current_wal_insert_lsn(),
           (select string_agg(concat_ws(':', pid, relid, bytes_processed, tuples_processed), ',' order by pid)
              from pg_stat_progress_copy),
           (select string_agg(concat_ws(':', pid, phase, blocks_done, tuples_done, partitions_done), ',' order by pid)
              from pg_stat_progress_create_index),
           (select string_agg(concat_ws(':', pid, phase, heap_blks_scanned), ',' order by pid)
              from pg_stat_progress_cluster),
           (select string_agg(concat_ws(':', pid, relid, phase, sample_blks_scanned), ',' order by pid)
              from pg_stat_progress_analyze)) as signature,
         exists (select from pg_stat_activity
                  where backend_type = 'client backend' and pid <> pg_backend_pid() and state = 'active'
                    and (wait_event_type is null or wait_event_type in ('IO', 'LWLock', 'IPC', 'BufferPin'))
                    and query ~* '^\\s*(alter\\s+table|refresh\\s|create\\s+(materialized|table|unique|index)|cluster)') as busy,
         (select string_agg(distinct upper(command), ', ')
            from (select substring(query from '^\\s*([A-Za-z]{1,12})') as command from pg_stat_activity
                   where backend_type = 'client backend' and pid <> pg_backend_pid() and state = 'active') as active
         ) as doing";

/// Bytes of data in the server. Apart from the pulse, because it looks at every file.
pub const SIZE: &str =
    "select coalesce(sum(pg_database_size(oid)), 0)::bigint from pg_database where not datistemplate";
