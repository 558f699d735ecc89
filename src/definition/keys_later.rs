//! More keys of the format: schedules, messages, sources in the cloud, rollbacks; and what this version can't do, which
//! is known, checked for form, and answered with `not_in_this_version`.

use super::form::Form::{
    Boolean, Count, Delay, Duration, Either, Free, Instant, List, Map, OneOf, Path, Scalar, Secret, Size,
    Table, Text, Words,
};
use super::form::{Form, Key, key, later, word};
use super::keys::{CHECK, CRON, ENVIRONMENT, JITTER, PERCENT, TIME_ZONE};

pub(super) const SCHEDULE: Form = Map(&[&[
    CRON,
    TIME_ZONE,
    JITTER,
    key("start_within", Duration, "Later than this, the run is recorded as missed.")
        .or("one period, at most 24h"),
    key(
        "if_missed",
        Words(&[word("run_once"), word("skip")]),
        "What happens with a run that came due while the daemon was down.",
    )
    .or("run_once"),
]]);

pub(super) const RETRIES: Form = Map(&[&[
    key("errored", Count, "How often an errored run is repeated.").or("1"),
    key("after", Delay, "After this time.").or("5m"),
]]);

const WHEN: Key =
    key("when", Words(&[word("always"), word("on_change"), word("on_problem")]), "When it is sent.")
        .or("on_change");
const URL: Key = key("url", Secret, "The address, which is a secret.").required();

pub(super) const NOTIFY: Form = OneOf(&[
    key("email", Map(&[&[key("to", List(&Text, 1), "Addresses.").required(), WHEN]]), "By mail."),
    key(
        "webhook",
        Map(&[&[
            URL,
            key("style", Words(&[word("slack"), word("json")]), "What is posted.").or("json"),
            WHEN,
        ]]),
        "By HTTP.",
    ),
    key("ping", Map(&[&[URL]]), "A dead man's switch: pinged at start, success and failure."),
]);

const CREDENTIALS: Form = Map(&[&[
    key("access_key_id", Secret, "The key's id.").required(),
    key("secret_access_key", Secret, "The key.").required(),
    key("session_token", Secret, "The session's token."),
]]);

const REGION: Key = key("region", Text, "The region.");
const ENDPOINT: Key = key("endpoint", Text, "Address of a compatible service.");
const AUTHORITY: Key = key("ca", PEM, "The authority of the endpoint's certificate.").or("the system's");
const PEM: Form = OneOf(&[key("file", Path, "A PEM file.")]);
const CREDENTIALS_KEY: Key = key("credentials", CREDENTIALS, "Credentials.").or("the AWS chain");

pub(super) const S3: Form = Map(&[&[
    key("bucket", Text, "The bucket.").required(),
    key("prefix", Text, "What keys begin with."),
    key("match", Text, "Glob on the rest of the key."),
    REGION,
    ENDPOINT,
    key("path_style", Boolean, "Whether the bucket is in the path.").or("false"),
    AUTHORITY,
    CREDENTIALS_KEY,
]]);

pub(super) const RDS: Form = Map(&[&[
    key("instance", Text, "The instance whose snapshots are looked at.").required(),
    REGION,
    key("snapshot", Text, "newest_automated, newest_manual, newest, or a snapshot's name.")
        .or("newest_automated"),
    key("subnet_group", Text, "Subnet group of the temporary instance: one that nothing else is in.")
        .required(),
    key("security_groups", List(&Text, 1), "Security groups of the temporary instance.").required(),
    key(
        "parameter_group",
        Text,
        "Parameter group of the temporary instance: one in which restored data can't act by itself.",
    )
    .required(),
    key("class", Text, "Class of the temporary instance.").or("the snapshot's"),
    key(
        "then",
        Words(&[word("container"), word("instance")]),
        "Where the data is asked: in a container that it is drawn into, or on the temporary instance itself.",
    )
    .or("container"),
    key("database", DATABASE, "How the temporary instance's server is reached.").required(),
    ENDPOINT,
    AUTHORITY,
    CREDENTIALS_KEY,
]]);

const DATABASE: Form = Map(&[&[
    key("ca", PEM, "The authorities of RDS: AWS's global-bundle.pem.").required(),
    key("address", Text, "Address and port in place of the instance's own, for a tunnel.")
        .or("the instance's own"),
]]);

const IMAGE: Key = key("image", Text, "The container image.").required();
const RUN: Key = key("run", List(&Text, 1), "The command and its arguments.");
const ENV: Key = key("env", ENVIRONMENT, "Environment variables.");

pub(super) const COMMAND_SOURCE: Form =
    Map(&[&[IMAGE, RUN, ENV, key("network", Boolean, "Whether it may use the network.").or("false")]]);

pub(super) const COMMAND_CHECK: &[Key] = &[IMAGE, RUN, ENV];

pub(super) const DECRYPT: Form = OneOf(&[
    key("age", Map(&[&[key("identity", Secret, "The identity.").required()]]), "age."),
    key(
        "gpg",
        Map(&[&[key("key", Secret, "The key.").required(), key("passphrase", Secret, "Its passphrase.")]]),
        "OpenPGP.",
    ),
]);

pub(super) const RECOVER_TO: Form =
    Either(&[Words(&[word("latest")]), Instant, OneOf(&[key("name", Text, "A restore point.")])]);

pub(super) const BASELINE: Form = Either(&[
    Words(&[word("none"), later("sidecar")]),
    OneOf(&[key("file", Path, "The baseline's file.").refused()]),
]);

pub(super) const GROWTH: &[Key] = &[
    key("table", Table, "The table.").required(),
    key("shrink_at_most", PERCENT, "Largest acceptable shrinking."),
    key("grow_at_most", PERCENT, "Largest acceptable growth."),
    key("against", Words(&[word("last_passed")]), "What it is compared with.").or("last_passed"),
];

pub(super) const INDEXES: &[Key] =
    &[key("amcheck", Boolean, "Whether amcheck is run after a logical restore.").or("false")];
pub(super) const EXTENSIONS: &[Key] =
    &[key("present", List(&Text, 1), "Extensions that must be there.").required()];
pub(super) const SCHEMA: &[Key] = &[key("same_as", Path, "A file of SQL.").required()];

const STEP: Form = Map(&[&[
    key("sql", List(&Path, 1), "SQL files, in this order."),
    key("single_transaction", Boolean, "Whether the files are one transaction.").or("false"),
    key(
        "command",
        Map(&[&[IMAGE, RUN, ENV, key("mount", List(&Path, 1), "What the tool needs to read.")]]),
        "A migration tool in its own container.",
    ),
    key(
        "pitr",
        Map(&[&[key("to", Text, "before-marker, or an instant.").required()]]),
        "Recovery of a second copy to a point in time.",
    )
    .refused(),
]]);

const CHECKS: Form = List(&CHECK, 0);

pub(super) const ROLLBACK: Form = Map(&[&[
    key("name", Text, "The rehearsal's name."),
    key("forward", STEP, "The migration."),
    key("back", STEP, "The way back."),
    key("writes", STEP, "What the new version would have written."),
    key("survives", CHECKS, "What must hold of those writes after the way back."),
    key("as", Text, "The role that migrates in production.").or("the database's owner"),
    key("interrupt", Boolean, "Whether the migration is also killed after each statement.")
        .or("false")
        .refused(),
    key("interrupt_max", Count, "At how many statements at most.").or("20").refused(),
    key("show_keys", Boolean, "Whether keys of changed rows are listed.").or("false"),
    key("expect", Map(&[EXPECT]), "What must hold.").or("data and schema identical"),
    key(
        "checks",
        Map(&[&[
            key("after_forward", CHECKS, "Checks after the migration."),
            key("after_back", CHECKS, "Checks after the way back."),
        ]]),
        "Checks between the steps.",
    ),
    key("directory", Path, "A migration tool's folder, instead of one pair.").refused(),
    key("tool", Words(TOOLS), "Whose folder it is.").or("plain").refused(),
    key(
        "rehearse",
        Either(&[Words(&[word("unapplied")]), OneOf(&[key("newest", Count, "So many of the newest.")])]),
        "Which of the folder's migrations.",
    )
    .or("unapplied")
    .refused(),
    key("app", Map(&[APP]), "The application's own rollback.").refused(),
]]);

const TOOLS: &[super::form::Word] =
    &[word("plain"), word("dbmate"), word("flyway"), word("golang-migrate"), word("goose"), word("sqlx")];

const EXPECT: &[Key] = &[
    key("data", Words(&[word("identical"), word("lossless")]), "What must hold of the data.").or("identical"),
    key("schema", Words(&[word("identical"), word("any")]), "What must hold of the schema.").or("identical"),
    key("within", Duration, "The longest that the way back may take."),
    key("blocking_max", Duration, "The longest that readers and writers may be blocked."),
    key("ignore", List(&Text, 0), "Columns that are left out of the comparison."),
    key(
        "accept_loss",
        List(
            &Map(&[&[
                key("column", Text, "The column.").required(),
                key("reason", Text, "Why its loss is acceptable.").required(),
            ]]),
            0,
        ),
        "Losses that are acceptable.",
    ),
];

const APP: &[Key] = &[
    key("old", Text, "Image of the old version.").required(),
    key("new", Text, "Image of the new version.").required(),
    key(
        "health",
        Map(&[&[
            key("http", Text, "A path that answers when it is healthy."),
            key("port", Count, "The port."),
            key("command", List(&Text, 1), "A command that succeeds when it is healthy."),
        ]]),
        "How it is known to be healthy.",
    ),
    key("env", ENVIRONMENT, "Environment variables."),
];

/// drillyard.yaml.
pub(super) const SETTINGS: Form = Map(&[&[
    key("drills", List(&Text, 1), "Files or directories that hold drills.").or("drills"),
    key("roots", List(&Text, 1), "Paths in drills stay below these.").or("the folder of this file"),
    key("state", Text, "Records, staging and locks.")
        .or("/var/lib/drillyard for root, else $XDG_STATE_HOME/drillyard"),
    key(
        "store",
        OneOf(&[
            key("sqlite", Map(&[]), "A file below `state`."),
            key("postgres", Map(&[&[URL]]), "A PostgreSQL database that several daemons share.").refused(),
        ]),
        "Where records are kept.",
    )
    .or("sqlite"),
    key(
        "engine",
        Map(&[&[key("host", Text, "Its address, unix:///var/run/docker.sock.")
            .or("DOCKER_HOST, then the usual sockets")]]),
        "The container engine.",
    ),
    key("runner", Map(&[RUNNER]), "What sandboxes may take."),
    key("mail", Map(&[MAIL]), "How mail is sent.").or("as .eml files in `mail` below `state`"),
    key(
        "http",
        Map(&[&[
            key("listen", Text, "Address and port; loopback only.").or("127.0.0.1:8629"),
            key("token", Secret, "The token that callers need.").refused(),
        ]]),
        "Health, readiness and metrics of the daemon.",
    ),
    key(
        "digest",
        Map(&[&[CRON, TIME_ZONE, key("to", List(&Text, 1), "Addresses.").required()]]),
        "The managers' digest.",
    ),
    key(
        "evidence",
        Map(&[&[key("sign_with", Secret, "The signing key.").required()]]),
        "How records are signed.",
    )
    .ignored(),
    key(
        "retention",
        Map(&[&[key("runs", Duration, "How long runs are kept.")]]),
        "How long records are kept.",
    )
    .ignored(),
    key("shutdown_grace", Delay, "How long a stopping daemon waits for its runs.").or("60s"),
    key("defaults", super::keys::DEFAULTS, "What lies under every drill."),
]]);

const RUNNER: &[Key] = &[
    key("name", Text, "The runner's name.").or("the host's name"),
    key("memory", Size, "Memory that sandboxes may take together.").or("what the engine has"),
    key("at_once", Count, "Runs of the daemon at the same time.").or("2"),
    key("disk", Size, "Disk that sandboxes may take together.").or("not limited"),
    key("staging", Size, "Disk that staged backups may take.").or("not limited"),
    key("labels", Free(&Scalar), "What drills ask for in `runs_on`.").ignored(),
];

const MAIL: &[Key] = &[
    key(
        "smtp",
        Map(&[&[
            key("host", Text, "The mail server.").required(),
            key("port", Count, "Its port.").or("587"),
            key("security", Words(&[word("starttls"), word("tls"), word("none")]), "How it is encrypted.")
                .or("starttls"),
            key("username", Either(&[Text, Secret]), "Who sends."),
            key("password", Secret, "The password."),
            key(
                "ca",
                OneOf(&[key("file", Path, "A PEM file.")]),
                "The authority of the server's certificate.",
            )
            .or("the system's"),
        ]]),
        "By SMTP.",
    ),
    key("directory", Text, "Instead: a folder that .eml files are written to."),
    key("from", Text, "The sender.").required(),
];
