//! No secret is written out in a drill, and none that is reaches anybody who reads what is wrong with the file (I9).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use drillyard::definition::{self, Code, Fault};

use crate::support::{MINIMAL, codes, parse, render};

/// Secrets, put together here so that no scanner takes this file for a leak.
fn secrets() -> Vec<String> {
    let upper = "IOSFODNN7EXAMPLE";
    let mixed = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY9z";
    let hex = "0123456789abcdef".repeat(4);
    let words = [
        ["AKIA", upper],
        ["ASIA", upper],
        ["ABIA", upper],
        ["wJalrXUtnFEMI/K7MDENG/bPxRfi", "CYEXAMPLEKEY"],
        ["", mixed],
        ["q1W2e3R4t5Y6u7I8o9P0", "a1S2d3F4g5H6j7K8l9"],
        ["dGhpcyBpcyBhIHNlY3JldCBrZXkgb2YgMzIgYnl0", "ZXMhIQ=="],
        ["postgres://orders:", "hunter2hunter2@db/orders"],
        ["postgresql://:", "hunter2@db.example.com"],
        ["https://user:", "t0psecret@example.com/path"],
        ["redis://default:", "p4ss@cache:6379"],
        ["amqp://guest:", "guest@queue"],
        ["host=db password=", "opensesame dbname=orders"],
        ["host=db password='", "open sesame'"],
        ["PGPASSWORD=", "opensesame pg_dump"],
        ["?sslpassword=", "opensesame"],
        ["https://example.com/?token=", "abcdef123"],
        ["https://example.com/?api_key=", "abcdef123"],
        ["secret=", "opensesame"],
        ["access_key=", "opensesame"],
        ["passphrase=", "opensesame"],
        ["passwd=", "opensesame"],
        ["Authorization: Bearer ", "abcdef123456"],
        ["authorization: Basic ", "dXNlcjpwYXNz"],
        ["ghp_", &mixed[..36]],
        ["gho_", &mixed[..36]],
        ["github_pat_", &mixed[..40]],
        ["glpat-", &mixed[..20]],
        ["xoxb-", "123456789012-abcdef"],
        ["xoxp-", "123456789012-abcdef"],
        ["https://hooks.slack.com/services/", "T0/B0/x1"],
        ["https://discord.com/api/webhooks/", "123/abc"],
        ["sk_live_", &mixed[..24]],
        ["rk_test_", &mixed[..24]],
        ["sk-", &mixed[..40]],
        ["AIza", &mixed[..35]],
        ["SG.abcdefghijklmnop", ".abcdefghijklmnop"],
        ["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTYifQ.abc"],
        ["npm_", &mixed[..36]],
        ["hvs.", &mixed[..24]],
        ["dop_v1_", hex.as_str()],
        ["AGE-SECRET-KEY-1", "QQQQQQQQQQQQQQQQQQQQQQQQQQQ"],
        ["-----BEGIN OPENSSH ", "PRIVATE KEY-----"],
        ["-----BEGIN ", "PRIVATE KEY-----"],
    ];
    words.map(|[one, other]| format!("{one}{other}")).into()
}

/// Where a secret may be written by mistake: in a known key, an unknown one, a query, a list, a key's name.
const PLACES: [&str; 5] = [
    "contact: \"SECRET\"\n",
    "colour: [\"SECRET\"]\n",
    "labels: { where: \"SECRET\" }\n",
    "sandbox: { image: \"SECRET\", memory: \"SECRET\" }\n",
    "\"SECRET\": yes\n",
];

#[test]
fn i9_what_looks_like_a_secret_is_refused_wherever_it_stands() {
    let secrets = secrets();
    assert!(secrets.len() >= 40);
    for secret in &secrets {
        for place in PLACES {
            let text = format!("{MINIMAL}{}", place.replace("SECRET", secret));
            let faults = parse(&text).faults;
            assert!(codes(&faults).contains(&Code::LiteralSecret), "{secret} in {place}");
        }
    }
}

#[test]
fn i9_a_secret_is_in_no_message_no_excerpt_and_no_json() {
    for secret in secrets() {
        for place in PLACES {
            let text = format!("{MINIMAL}{}", place.replace("SECRET", &secret));
            let faults = parse(&text).faults;
            for told in
                [render(&faults, &text), definition::to_json(&faults).to_string(), format!("{faults:?}")]
            {
                assert!(!told.contains(&secret), "{secret} in {place}\n{told}");
            }
        }
    }
}

#[test]
fn a_secret_beside_a_syntax_error_is_covered_as_well() {
    for secret in secrets() {
        let text = format!("drill: [orders\nnote: {secret}\n  }}: ]\n---\npassword: swordfish\n\t- x\n");
        let faults = parse(&text).faults;
        let told = render(&faults, &text);
        assert!(codes(&faults).contains(&Code::Syntax));
        assert!(!told.contains(&secret), "{told}");
        assert!(!told.contains("swordfish"), "{told}");
    }
}

#[test]
fn i9_a_key_named_like_a_secret_needs_a_reference() {
    for key in
        ["password", "db_password", "token", "API_KEY", "secret_access_key", "client-secret", "passphrase"]
    {
        let text = format!("{MINIMAL}labels: {{ {key}: hunter2 }}\n");
        let faults = parse(&text).faults;
        assert_eq!(codes(&faults), [Code::LiteralSecret], "{key}");
        assert!(!render(&faults, &text).contains("hunter2"));
    }
}

/// What a person writes who has not yet read that secrets are references: none of it looks like one.
const SLIPS: &[&str] = &[
    "notify: [ { webhook: \"https://chat.example.com/hooks/SECRET\" } ]\n",
    "notify:\n  - webhook: SECRET\n",
    "notify:\n  - ping: https://hc-ping.com/SECRET\n",
    "notify:\n  - https://hc-ping.com/SECRET\n",
    "notify: https://me@example.com/?id=SECRET\n",
    "notify:\n  - web_hook: {url: 'https://chat.example.com/SECRET', style: slack}\n",
    "notify:\n  - webhook: { url: { env: CHAT }, style: SECRET, key: [SECRET] }\n",
    "notify:\n  - ping: [ SECRET ]\n  - ping: { ulr: SECRET }\n",
    "notify:\n  - ping: { url: { env: \"https://hc-ping.com/SECRET\" }, uri: x }\n",
    "pasword: SECRET\n",
    "pasword: *SECRET\n",
    "pasword: &SECRET\n",
    "pasword: !SECRET x\n",
    "owner: 1\n# pager: https://chat.example.com/SECRET\n",
    "labels: { smpt: { host: SECRET, port: [SECRET] } }\n",
    "runbook: [ \"bot:SECRET@wiki.example.com\" ]\n",
    "sandbox: { memory: \"s3://bucket/SECRET\" }\n",
    // Braces as in a template, and keys without the space behind their colon.
    "labels: { password: { SECRET } }\n",
    "labels: { password: {{ SECRET }} }\n",
    "labels: { password: { SECRET, SECRET } }\n",
    "labels: { password: { <<: SECRET } }\n",
    "labels: { credentials: { SECRET: x } }\n",
    "labels: { password:SECRET: 1, team: [] }\n",
    "pasword:\n  SECRET: x\n",
    "secret_access_key: { SECRET }\n",
    "credentials: { access_key_id:SECRET, secret_access_key: { env: A } }\n",
    "notify: [ { webhook: { url:SECRET } } ]\n",
    "notify: [ { webhook: { url: { env:SECRET } } } ]\n",
    "notify: [ { webhook: { url: { SECRET } } } ]\n",
    "notify: [ { webhook:SECRET } ]\n",
    // A text where a map is wanted, somewhere below which a secret belongs.
    "notify:\n  - webhook:SECRET\n",
    "notify:\n  - 'webhook: SECRET'\n",
    "notify:\n  - ping hc-ping.com/SECRET\n",
    "notify: hc-ping.com/SECRET\n",
    "notify: [SECRET]\n",
    "notify: [{ SECRET }]\n",
    "notfy: [SECRET]\n",
    "defaults: SECRET\n",
    "notify: [ { ping: { url: { env: hc-ping.com/SECRET } } } ]\n",
    // Beside another fault: comments, a tool's variables, and other names of what is secret.
    "owner: 1 # was SECRET\n",
    "labels: { password: { env: A } } # SECRET, until yesterday\nowner: 1\n",
    "rollbacks:\n  - forward: { command: { image: 1, env: { DATABASE: SECRET, B: [ x ] } } }\n",
    "rollbacks:\n  - forward: { command: { image: 1, env: { DATABASE:SECRET } } }\n",
    "notify: [ { ping: { url: { env: 1SECRET, file: x } } } ]\n",
];

#[test]
fn i9_what_stands_in_a_secret_s_place_is_in_no_message_no_excerpt_and_no_json() {
    for slip in SLIPS {
        let text = format!("{MINIMAL}{}", slip.replace("SECRET", "Hunter2hunter2"));
        let faults = parse(&text).faults;
        assert!(faults.iter().any(Fault::is_error), "{slip}");
        for told in [render(&faults, &text), definition::to_json(&faults).to_string(), format!("{faults:?}")]
        {
            assert!(!told.contains("Hunter2"), "{slip}\n{told}");
        }
    }
}

#[test]
fn i9_what_stands_beside_a_login_in_the_settings_is_not_shown_either() {
    for slip in ["host: \"u:SECRET@mail.example.com\"", "host: m, port: SECRET", "host: m, pasword: SECRET"] {
        let text = format!(
            "drils: []\nmail: {{ from: a@example.com, smtp: {{ {} }} }}\n",
            slip.replace("SECRET", "Hunter2hunter2")
        );
        let (_, faults) = definition::settings::parse(&text, Path::new("drillyard.yaml"));
        assert!(faults.len() >= 2, "{faults:?}");
        let told = format!("{}{faults:?}", render(&faults, &text));
        assert!(!told.contains("Hunter2"), "{slip}\n{told}");
    }
}

#[test]
fn i9_a_text_in_the_settings_where_a_map_is_wanted_is_not_shown() {
    for slip in ["mail: SECRET", "store: SECRET", "mail: { smtp: { host: h, password:SECRET }, from: a }"] {
        let text = format!("{slip}\n").replace("SECRET", "Hunter2hunter2");
        let (_, faults) = definition::settings::parse(&text, Path::new("drillyard.yaml"));
        assert!(faults.iter().any(Fault::is_error), "{slip}");
        let told = format!("{}{faults:?}", render(&faults, &text));
        assert!(!told.contains("Hunter2"), "{slip}\n{told}");
    }
}

#[test]
fn i9_the_value_of_a_key_that_is_named_like_a_secret_is_in_no_excerpt() {
    let names = "secret_key secretKey dbPassword pass pwd pw smtp_pass passcode auth bearer routing_key webhook_url \
                 webhookUrl creds secrets tokens";
    for name in names.split_whitespace() {
        let text = format!("{MINIMAL}labels: {{ {name}: Hunter2 }}\nowner: 1\n");
        let told = render(&parse(&text).faults, &text);
        assert!(told.contains("owner: 1") && !told.contains("Hunter2"), "{told}");
        let text = format!("{MINIMAL}labels: {{ team: Hunter2 }}\nowner: 1\n");
        assert!(render(&parse(&text).faults, &text).contains("Hunter2"));
    }
    for key in ["auth: oidc", "pass: through", "tokens: 5"] {
        let text = format!("{MINIMAL}labels: {{ {key} }}\n");
        assert!(!codes(&parse(&text).faults).contains(&Code::LiteralSecret), "{key}");
    }
}

#[test]
fn a_variable_of_a_tool_is_shown_without_its_value() {
    let step = "{ command: { image: 1, run: [up], env: { DATABASE: orders } } }";
    let text = format!("{MINIMAL}rollbacks:\n  - forward: {step}\n");
    let told = render(&parse(&text).faults, &text);
    assert!(told.contains("DATABASE: ••••••") && told.contains("run: [up]"), "{told}");
}

#[test]
fn what_is_no_name_of_a_variable_is_taken_for_the_secret_itself() {
    let code = |name: &str| {
        let text = format!("{MINIMAL}notify: [ {{ ping: {{ url: {{ env: \"{name}\" }} }} }} ]\n");
        codes(&parse(&text).faults)
    };
    for name in ["https://hc-ping.com/2", "hunter-2", "2hunter", "hc-ping.com/2", "$PING", "hünter"] {
        assert_eq!(code(name), [Code::LiteralSecret], "{name}");
    }
    for name in ["PING_URL", "_ping2", "p"] {
        assert_eq!(code(name), [], "{name}");
    }
}

#[test]
fn a_misspelt_key_beside_a_secret_is_shown() {
    let text = format!("{MINIMAL}notify: [ {{ webhook: {{ url: {{ env: CHAT }}, stile: json }} }} ]\n");
    let faults = parse(&text).faults;
    assert!(render(&faults, &text).contains("url: { env: CHAT }, stile: json"));
    assert!(faults[0].message.contains("`stile`"), "{faults:?}");
}

#[test]
fn i9_of_a_document_that_is_not_yaml_only_the_format_s_words_are_shown() {
    for broken in
        ["drill: [shop\n", "drill: \"shop\n", "\tdrill: shop\n", "drill: shop\n\t- x\n", "drill: a: b\n"]
    {
        for (before, after) in [("pw: SECRET\n", ""), ("", "pw: SECRET\n"), ("url: SECRET\n", "SECRET\n")] {
            let text = format!("{before}{broken}{after}").replace("SECRET", "Hunter2hunter2");
            let faults = parse(&text).faults;
            assert!(codes(&faults).contains(&Code::Syntax), "{text}");
            let told = render(&faults, &text);
            assert!(!told.contains("Hunter2"), "{told}");
            assert!(told.contains("drill"), "{told}");
        }
    }
}

#[test]
fn an_address_in_a_secret_s_place_is_answered_with_what_to_write() {
    let text = format!(
        "{MINIMAL}notify:\n  - webhook: https://chat.example.com/hooks/1\n  - ping: https://hc-ping.com/2\n"
    );
    let faults = parse(&text).faults;
    assert_eq!(codes(&faults), [Code::LiteralSecret, Code::LiteralSecret]);
    for fault in faults {
        assert!(fault.hint.unwrap().contains("write { url: { env: NAME } }"));
    }
    let text = format!("{MINIMAL}notify: [ {{ ping: {{ urls: hunter2 }} }} ]\n");
    assert_eq!(codes(&parse(&text).faults), [Code::UnknownKey, Code::LiteralSecret]);
}

#[test]
fn a_literal_in_a_secret_s_place_is_told_once() {
    let text = format!("{MINIMAL}notify: [ {{ ping: {{ url: \"https://example.com/ping\" }} }} ]\n");
    let faults = parse(&text).faults;
    assert_eq!(codes(&faults), [Code::LiteralSecret]);
    assert!(!render(&faults, &text).contains("example.com"));
}

#[test]
fn i10_a_secret_s_file_that_everybody_may_read_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ping");
    let text = format!("{MINIMAL}notify: [ {{ ping: {{ url: {{ file: {} }} }} }} ]\n", file.display());
    for (mode, expected) in [(0o644, vec![Code::ExposedSecret]), (0o640, vec![]), (0o600, vec![])] {
        std::fs::write(&file, "https://example.com/t0psecret\n").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let parsed = parse(&text);
        assert_eq!(codes(&parsed.faults), expected, "{mode:o}");
        assert_eq!(parsed.drills.len(), 1);
        assert!(!render(&parsed.faults, &text).contains("t0psecret"));
    }
}

#[test]
fn names_paths_digests_and_queries_are_not_secrets() {
    let harmless = [
        "postgres@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "/backups/Production/Orders-2026-11-20T03-30-00Z-full-backup.dump",
        "registry.example.com/Platform/PostgreSQL-With-Extensions:16.4-bookworm",
        "https://wiki.example.com/Runbooks/OrdersRestoreAfterAccidentalDeletion2024",
        "select count(*) from users where password is null or password = ''",
        "select count(*) from tokens where token = 'x' and secret <> ''",
        "arn:aws:rds:eu-central-1:123456789012:db:OrdersProductionReplica2",
        "AccountingDepartmentMonthlyReconciliationReport2024Q4",
        "backup_Production_Orders_2026_11_20_03_30_00_UTC_Full",
        "payments-oncall@example.com",
        "550e8400-e29b-41d4-a716-446655440000",
        "basic authentication-service and bearer infrastructure-team",
        "postgres://orders@db.example.com/orders",
    ];
    for text in harmless {
        let drill = format!("{MINIMAL}contact: \"{text}\"\n");
        assert_eq!(parse(&drill).faults, [], "{text}");
    }
}
