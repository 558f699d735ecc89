//! Every key of a drill, with its meaning, its default, and whether this version can do it. `drill-format` in code:
//! decoder, JSON Schema and tests are made from these tables.

use super::form::Form::{
    Boolean, Count, Cron, Delay, DrillName, Duration, Either, Free, Instant, Lines, List, Map, Named, Number,
    OneOf, Path, Percent, Scalar, Secret, Size, Sqlstate, Table, Text, Words, Zone,
};
use super::form::{Form, Key, Word, key, later, word};

pub(super) const DRILL: Form = Map(&[
    &[
        key("drill", DrillName, "The drill's unique name.").required(),
        key("was", DrillName, "Its former name, under which its earlier runs are found.").or("none"),
        key("backup", BACKUP, "Where the backup comes from and what may be assumed of it.").required(),
        key("checks", List(&CHECK, 1), "What must hold of the restored data.").required(),
        key(
            "rollbacks",
            List(&super::keys_later::ROLLBACK, 0),
            "Rollbacks that are rehearsed on the restored data.",
        )
        .or("none"),
    ],
    COMMON,
]);

/// What `defaults` in drillyard.yaml may give to every drill.
pub(super) const DEFAULTS: Form =
    Map(&[&[key("backup", Map(&[BACKUP_KEYS]), "What may be assumed of every backup.")], COMMON]);

const COMMON: &[Key] = &[
    key("service", Text, "What status, gate and mails group by.").or("the drill's name"),
    key("owner", Text, "Who owns the service.").or("none, and status says so"),
    key("contact", Text, "Whom to ask.").or("none"),
    key("runbook", Text, "What to read when it fails.").or("none"),
    key("labels", Free(&Text), "Free labels.").or("none"),
    key("schedule", super::keys_later::SCHEDULE, "When the daemon runs it.").or("only by hand"),
    key("objectives", Map(&[OBJECTIVES]), "What the drill is held against.").or("measured and not judged"),
    key("sandbox", Map(&[SANDBOX]), "Where the backup is restored."),
    key("restore", Map(&[RESTORE]), "How it is restored."),
    key("runs_on", Free(&Text), "Labels of the runner, where several share a store.").or("any").refused(),
    key("retries", super::keys_later::RETRIES, "What the daemon does with an errored run.")
        .or("one after 5m"),
    key("notify", List(&super::keys_later::NOTIFY, 0), "Who is told.").or("nobody"),
];

const OBJECTIVES: &[Key] = &[
    key("rto", Duration, "Longest acceptable recovery time.").or("measured and not judged"),
    key("rpo", Duration, "Longest acceptable loss, as age of the recovery point.")
        .or("measured and not judged"),
    key("rto_until", Words(&[word("verified"), word("restored")]), "The clock that is held against `rto`.")
        .or("verified"),
    key("exposure_window", Duration, "How far back the gaps between backups are searched.").or("7d"),
    key("proof_max_age", Duration, "How old the newest proof may be.")
        .or("twice the schedule's period, else 35d"),
];

const BACKUP: Form =
    Map(&[&[key("source", SOURCE, "Where backups live; exactly one kind.").required()], BACKUP_KEYS]);

const BACKUP_KEYS: &[Key] = &[
    key("newest_by", Words(&[word("modified_time"), word("name")]), "What \"newest\" means.")
        .or("modified_time"),
    key("select", SELECT, "Which of the candidates.").or("newest"),
    key("format", Words(FORMATS), "The format, where the drill insists on one.")
        .or("auto: seen from the bytes"),
    key(
        "contains",
        Words(&[word("full"), word("schema"), word("data")]),
        "What the backup is meant to hold.",
    )
    .or("full"),
    key("allow_empty", Boolean, "Whether a backup without any table may pass.").or("false"),
    key("databases", List(&Text, 1), "Databases of a dump with several.").or("all of them"),
    key(
        "dump_time_zone",
        Zone,
        "Zone of the machine that ran pg_dump: archive headers hold local time without it, and `fresh` checks read columns without a zone in it.",
    )
    .or("UTC, and told as an assumption"),
    key("min_size", Size, "A smaller backup is a finding.").or("1 byte"),
    key("decrypt", super::keys_later::DECRYPT, "The key that opens the backup.").refused(),
    key("wal", SOURCE, "Where the WAL archive lives; base_backup only.").refused(),
    key("recover_to", super::keys_later::RECOVER_TO, "How far WAL is replayed; base_backup only.")
        .or("latest")
        .refused(),
    key(
        "baseline",
        super::keys_later::BASELINE,
        "The sealed baseline that the restored data is held against.",
    )
    .or("none"),
    key(
        "recovery_point_basis",
        List(&Words(BASES), 1),
        "What the recovery point may be told from, best first.",
    )
    .or("all but modified_time"),
];

const FORMATS: &[Word] = &[
    word("auto"),
    word("pg_dump_custom"),
    word("pg_dump_tar"),
    word("plain_sql"),
    later("pg_dump_directory"),
    later("base_backup"),
];

/// Best first. The last flatters and is used only where the drill allows it.
pub(super) const BASES: &[Word] = &[
    word("replay"),
    word("baseline"),
    word("label"),
    word("archive_header"),
    word("newest_row"),
    word("modified_time"),
];

const SOURCE: Form = Named(
    "source",
    &OneOf(&[
        key(
            "local",
            Map(&[&[
                key("path", Path, "A file, or a directory.").required(),
                key("match", Text, "Glob on the path below the directory.").or("every file"),
            ]]),
            "A file, or a directory and a glob.",
        ),
        key("s3", super::keys_later::S3, "An S3 bucket."),
        key("rds", super::keys_later::RDS, "A snapshot of an RDS instance."),
        key(
            "command",
            super::keys_later::COMMAND_SOURCE,
            "A container that writes the backup to its standard output.",
        )
        .refused(),
    ]),
);

const SELECT: Form = Either(&[
    Words(&[word("newest")]),
    OneOf(&[
        key("id", Text, "The one of this name."),
        key("random_within", Duration, "A random one that is not older.").refused(),
        key("oldest_within", Duration, "The oldest one that is not older.").refused(),
        key("as_of", Instant, "The newest one at that instant.").refused(),
    ]),
]);

const SANDBOX: &[Key] = &[
    key("image", Text, "The container image.").or("by the major version found in the backup"),
    key("memory", Size, "Memory limit.").or("half of the runner's"),
    key("cpus", Number, "Processor limit.").or("all of the runner's"),
    key("disk", Size, "Space that the engine's disk must have.").or("not looked at"),
    key("storage", Words(&[word("volume"), word("tmpfs")]), "Where the data directory lies.").or("volume"),
    key("preload", List(&Text, 0), "Libraries for shared_preload_libraries.").or("none").refused(),
    key(
        "durability",
        Words(&[word("production"), word("relaxed")]),
        "Whether fsync and its kin stay on; relaxed is faster and not comparable.",
    )
    .or("production"),
    key("keep_on_failure", Duration, "How long the sandbox of a run that did not pass is kept.")
        .or("nothing is kept"),
];

const RESTORE: &[Key] = &[
    key("jobs", Count, "Parallel jobs.").or("the sandbox's CPUs"),
    key("roles", ROLES, "What happens with roles that the backup names and the sandbox lacks.")
        .or("create_missing"),
    key("allow_errors", List(&ALLOWED_ERROR, 0), "Errors that this drill accepts.")
        .or("the built-in harmless ones"),
    key("no_tablespaces", Boolean, "Whether tablespaces are left out.").or("true"),
    key("settings", Free(&Scalar), "Server settings for the restore: memory, planner, WAL and maintenance.")
        .or("tuned and recorded"),
    key(
        "after",
        Map(&[&[key("sql", List(&Path, 1), "SQL files, in this order.").required()]]),
        "What is run after the restore.",
    ),
    key("timeout", Duration, "The longest that the restore may take.").or("4 x rto, else 12h"),
];

const ROLES: Form = Either(&[
    Words(&[word("create_missing"), word("ignore")]),
    OneOf(&[key("file", Path, "A file of SQL that creates them.")]),
]);

const ALLOWED_ERROR: Form = Map(&[&[
    key("sqlstate", Sqlstate, "The error's code.").required(),
    key("object", Text, "The object as the record prints it, `SCHEMA public`.").or("any"),
    key("reason", Text, "Why it is harmless here.").required(),
]]);

/// `{ env: NAME }` or `{ file: PATH }`.
pub(super) const SECRET: &[Key] = &[
    key("env", Text, "The environment variable that holds it."),
    key("file", Text, "The file that holds it."),
];

pub(super) const CHECK: Form = Named(
    "check",
    &OneOf(&[
        key("rows", Map(&[ROWS, COUNT_BOUNDS, ASKING]), "Number of rows of a table."),
        key("fresh", Map(&[FRESH, ASKING]), "Age of a table's newest row."),
        key("sql", Map(&[SQL, NUMBER_BOUNDS, ASKING]), "One statement that yields one value."),
        key("tables", Map(&[TABLES, COUNT_BOUNDS, ASKING]), "Number of tables, and named ones."),
        key("foreign_keys", Map(&[FOREIGN_KEYS, ASKING]), "Every validated foreign key holds on the data."),
        key("sequences", Map(&[ASKING]), "No sequence is behind the column that it feeds."),
        key(
            "growth",
            Map(&[super::keys_later::GROWTH, ASKING]),
            "A table did not shrink since the last run.",
        )
        .refused(),
        key("indexes", Map(&[super::keys_later::INDEXES, ASKING]), "All indexes are present and valid.")
            .refused(),
        key("extensions", Map(&[super::keys_later::EXTENSIONS, ASKING]), "Extensions are present.").refused(),
        key("baseline", Map(&[ASKING]), "Content equals the sealed baseline.").refused(),
        key("schema", Map(&[super::keys_later::SCHEMA, ASKING]), "The schema equals a file's.").refused(),
        key("command", Map(&[super::keys_later::COMMAND_CHECK, ASKING]), "The application's own smoke test.")
            .refused(),
    ]),
);

/// What every check may say.
const ASKING: &[Key] = &[
    key("name", Text, "The check's name, unique in its drill.").or("made from its values"),
    key("timeout", Duration, "The longest that it may take.").or("5m"),
    key("database", Text, "The database that it asks.").or("the first restored"),
    key("show_values", Boolean, "Whether values of rows may leave the sandbox in its finding.").or("false"),
];

const COUNT_BOUNDS: &[Key] = &[
    key("at_least", Count, "Smallest acceptable number."),
    key("at_most", Count, "Largest acceptable number."),
    key("equals", Count, "The only acceptable number."),
    key("between", List(&Count, 2), "Smallest and largest acceptable number."),
];

const NUMBER_BOUNDS: &[Key] = &[
    key("at_least", Number, "Smallest acceptable number."),
    key("at_most", Number, "Largest acceptable number."),
    key("equals", Scalar, "The only acceptable value: a number, text or truth value."),
    key("between", List(&Number, 2), "Smallest and largest acceptable number."),
];

const ROWS: &[Key] = &[
    key("table", Table, "The table.").required(),
    key("where", Lines, "SQL condition on the rows that are counted.").or("all rows"),
];

const FRESH: &[Key] = &[
    key("table", Table, "The table.").required(),
    key("column", Text, "A column of a date or timestamp type.").required(),
    key("within", Duration, "Largest acceptable age.").required(),
];

const SQL: &[Key] = &[key("query", Lines, "A statement that yields one row of one column.").required()];

const TABLES: &[Key] = &[key("present", List(&Table, 1), "Tables that must be there.")];

const FOREIGN_KEYS: &[Key] =
    &[key("not_valid", Words(&[word("warn"), word("fail")]), "What a NOT VALID constraint means.")
        .or("warn")];

/// A schedule's and a digest's.
pub(super) const CRON: Key =
    key("cron", Cron, "Five fields: minute, hour, day of month, month, day of week.").required();
pub(super) const TIME_ZONE: Key =
    key("time_zone", Zone, "The zone that the expression is meant in.").or("UTC");
pub(super) const JITTER: Key = key("jitter", Delay, "Starts are spread over this time.").or("0s");

/// Values of environment variables: text, or a reference where it is secret.
pub(super) const ENVIRONMENT: Form = Free(&Either(&[Scalar, Secret]));
/// Bounds in percent.
pub(super) const PERCENT: Form = Percent;

/// Where a key belongs that was written in the wrong place: its maps' paths, at most two of them.
pub(super) fn homes(name: &str) -> Vec<String> {
    let mut homes = Vec::new();
    for section in DRILL.keys() {
        let below = section.form.keys();
        let own = below.iter().filter(|key| key.name == name).map(|_| format!("`{}`", section.name));
        let deeper = below.iter().filter(|key| key.form.keys().iter().any(|inner| inner.name == name));
        homes.extend(own.chain(deeper.map(|key| format!("`{}.{}`", section.name, key.name))));
    }
    homes.truncate(2);
    homes
}
