use proptest::prelude::*;

use super::redact;

#[test]
fn messages_that_18_has_added_are_shown() {
    for message in [
        "constraint \"t_a_check\" conflicts with NOT ENFORCED constraint on relation \"t\"",
        "cannot alter enforceability of constraint \"t_a_check\" of relation \"t\"",
        "unique constraints on virtual generated columns are not supported",
        "constraint using WITHOUT OVERLAPS needs at least two columns",
        "foreign key uses PERIOD on the referenced table but not the referencing table",
        "update or delete on table \"a\" violates RESTRICT setting of foreign key constraint \"f\" on table \"b\"",
        "cannot validate constraint \"t_a_not_null\" of relation \"t\"",
        "conflicting NO INHERIT declaration for not-null constraint on column \"a\"",
    ] {
        assert_eq!(redact("42601", message), message);
    }
}

#[test]
fn names_stay_and_values_go() {
    for (sqlstate, message, shown) in [
        ("42P01", "relation \"public.orders\" does not exist", "relation \"public.orders\" does not exist"),
        (
            "22P02",
            "invalid input syntax for type integer: \"4711\"",
            "invalid input syntax for type integer: \"…\"",
        ),
        (
            "22P02",
            "invalid input value for enum public.mood: \"nuw\"",
            "invalid input value for enum …: \"…\"",
        ),
        ("22007", "invalid value \"cana\" for \"YYYY\"", "invalid value \"…\" for \"…\""),
        (
            "22021",
            "invalid byte sequence for encoding \"UTF8\": 0xc3",
            "invalid byte sequence for encoding \"UTF8\": …",
        ),
        (
            "23502",
            "null value in column \"id\" of relation \"t\" violates not-null constraint",
            "null value in column \"id\" of relation \"t\" violates not-null constraint",
        ),
        (
            "23505",
            "duplicate key value violates unique constraint \"t_pkey\"",
            "duplicate key value violates unique constraint \"t_pkey\"",
        ),
        ("42601", "syntax error at or near \"Smith\" at character 41", "syntax error at or near \"…\""),
        (
            "22023",
            "invalid value for parameter \"work_mem\": \"secret\"",
            "invalid value for parameter \"work_mem\": \"…\"",
        ),
        (
            "42883",
            "function public.uuid_generate_v4() does not exist at character 52",
            "function public.uuid_generate_v4() does not exist",
        ),
        (
            "42883",
            "operator does not exist: unknown !@! unknown",
            "operator does not exist: unknown !@! unknown",
        ),
        (
            "42809",
            "invalid LC_COLLATE locale name: \"de_DE.utf8\"",
            "invalid LC_COLLATE locale name: \"de_DE.utf8\"",
        ),
        (
            "58P01",
            "could not access file \"$libdir/hstore\": No such file or directory",
            "could not access file \"$libdir/hstore\": No such file or directory",
        ),
        ("0A000", "extension \"postgis\" is not available", "extension \"postgis\" is not available"),
        (
            "22P05",
            "character with byte sequence 0xe2 0x82 in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
            "character with byte sequence … in encoding \"…\" has no equivalent in encoding \"…\"",
        ),
        (
            "57014",
            "canceling statement due to statement timeout",
            "canceling statement due to statement timeout",
        ),
        ("P0001", "customer John Smith owes 4711", "message of a function, not shown"),
        ("CN001", "customer John Smith owes 4711", "message of a function, not shown"),
        ("XX000", "4711", "message not shown"),
        ("22003", "", ""),
    ] {
        assert_eq!(redact(sqlstate, message), shown, "{message}");
    }
}

#[test]
fn a_name_is_shown_without_control_characters_and_bounded() {
    let hostile = redact("42P01", "relation \"\u{1b}[2J\u{202e}x\" does not exist");
    assert_eq!(hostile, "relation \"\\u{1b}[2J\\u{202e}x\" does not exist");
    assert!(
        redact("42P01", &format!("relation \"{}\" does not exist", "x".repeat(500))).chars().count() <= 200
    );
}

/// Formats of the server in which `%` stands for a value of a row, or for text of the dump that may be one.
const WITH_VALUES: [(&str, &str); 24] = [
    ("22P02", "invalid input syntax for type integer: \"%\""),
    ("22P02", "invalid input value for enum sales.state: \"%\""),
    ("22P02", "malformed array literal: \"%\""),
    ("22P02", "malformed record literal: \"%\""),
    ("22007", "invalid input syntax for type date: \"%\""),
    ("22007", "invalid value \"%\" for \"YYYY\""),
    ("22008", "date/time field value out of range: \"%\""),
    ("22003", "value \"%\" is out of range for type integer"),
    ("22003", "\"%\" is out of range for type double precision"),
    ("22023", "invalid hexadecimal digit: \"%\""),
    ("22023", "time zone \"%\" not recognized"),
    ("22023", "invalid value for parameter \"x\": \"%\""),
    ("22023", "unit \"%\" not recognized for type timestamp with time zone"),
    ("2203A", "JSON object does not contain key \"%\""),
    ("22001", "value too long for type character varying(3): %"),
    ("22021", "invalid byte sequence for encoding \"UTF8\": %"),
    ("23505", "Key (email)=(%) already exists."),
    ("42601", "syntax error at or near \"%\""),
    ("42601", "unterminated quoted string at or near \"'%\""),
    ("42601", "no operand in tsquery: \"%\""),
    ("58P01", "could not open file \"%\" for reading: No such file or directory"),
    ("P0001", "%"),
    ("ZZ999", "relation \"%\" does not exist"),
    ("-----", "invalid command \\%"),
];

proptest! {
    #[test]
    fn j8_a_value_planted_into_any_format_does_not_come_out(
        value in "([a-z0-9@. \"'():=é-]{0,12}|(x\"|\"|)( relation| line| column) \"?)qzk[a-z0-9@. \"'():=é-]{0,12}", cut in 0_usize..600,
    ) {
        for (sqlstate, format) in WITH_VALUES {
            let long = format!("{}{}", "x ".repeat(cut % 7), format.replace('%', &value));
            for message in [format.replace('%', &value), long] {
                let shown = redact(sqlstate, &message);
                prop_assert!(!shown.contains("qzk"), "{shown}");
            }
        }
    }

    #[test]
    fn numbers_of_rows_do_not_come_out(number in 100_u64..u64::MAX) {
        for (sqlstate, format) in WITH_VALUES {
            let shown = redact(sqlstate, &format.replace('%', &number.to_string()));
            prop_assert!(!shown.contains(&number.to_string()), "{shown}");
        }
    }

    #[test]
    fn anything_is_bounded_and_without_control_characters(state in "[0-9A-Z-]{0,6}", message in "\\PC*|(?s).{0,300}") {
        let shown = redact(&state, &message);
        prop_assert!(shown.chars().count() <= 200 && !shown.chars().any(char::is_control), "{shown}");
    }
}
