//! Scalars of the format: durations, sizes, counts, numbers. Each reader takes the raw text and says what is wrong.

use std::time::Duration;

/// A hundred years: longer than any objective, short enough that sums never overflow.
const LONGEST: u64 = 36_525 * 86_400_000;

/// What YAML 1.2 makes of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Null,
    Boolean,
    Number,
    Text,
}

/// What YAML 1.2's core schema makes of a plain scalar.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Plain::Boolean,
        _ if is_number(text) => Plain::Number,
        _ => Plain::Text,
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, digits: fn(&u8) -> bool| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.as_bytes().iter().all(digits))
    };
    let decimal = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned.parse::<f64>().is_ok();
    decimal
        || matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || radix("0x", u8::is_ascii_hexdigit)
        || radix("0o", |digit| (b'0'..=b'7').contains(digit))
}

/// `90s`, `10m`, `1h30m`, `26h`, `8d`: units from large to small, each once.
pub fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 6] =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, remaining) =
            after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, milliseconds) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*milliseconds)?)?;
        rest = remaining;
    }
    (!text.is_empty() && total <= LONGEST).then(|| Duration::from_millis(total))
}

/// Whether a text would be a duration, were it not longer than a hundred years.
pub fn is_too_long(text: &str) -> bool {
    let units = text.split(|c: char| c.is_ascii_digit()).filter(|unit| !unit.is_empty());
    let shortened: String = units.flat_map(|unit| ["1", unit]).collect();
    text.starts_with(|c: char| c.is_ascii_digit())
        && duration(text).is_none()
        && duration(&shortened).is_some()
}

/// `10MB` (of 1000), `4GiB` (of 1024), `1.5GiB`, `512B`. In bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let factor: u64 = match unit.trim_start() {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    // In thousandths, so that 1.5GiB is exact.
    thousandths(number)?.checked_mul(u128::from(factor)).and_then(|bytes| u64::try_from(bytes / 1000).ok())
}

/// A decimal number without a sign, in thousandths: `1.5` is 1500. At most three decimals.
pub(super) fn thousandths(text: &str) -> Option<u128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 || whole.len() > 15 {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok()
}

/// `1000` or `1_000_000`. A leading zero is refused: to some readers `010` is eight.
pub(super) fn count(text: &str) -> Option<u64> {
    let digits = without_underscores(text)?;
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok())?
}

/// `-12.50`, `1_000.5`: a decimal number, without its underscores and otherwise as written, so that nothing is rounded.
pub(super) fn number(text: &str) -> Option<String> {
    let digits = without_underscores(text)?;
    let unsigned = digits.strip_prefix('-').unwrap_or(&digits);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain =
        all(whole) && all(decimals) && (whole == "0" || !whole.starts_with('0')) && digits.len() <= 1000;
    plain.then_some(digits)
}

/// Underscores separate digits; they neither begin nor end a number.
fn without_underscores(text: &str) -> Option<String> {
    let stray = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!text.is_empty() && !stray).then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_from_large_to_small() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("26h"), Some(93_600));
        assert_eq!(seconds("8d"), Some(691_200));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for long in ["999999999999999d", "99999999999999999999s", "200000w", "36526d"] {
            assert!(is_too_long(long), "{long}");
        }
        for bad in ["36525d", "", "d", "15", "1.5h", "15min", "30m1h", "1 d"] {
            assert!(!is_too_long(bad), "{bad}");
        }
        for bad in [
            "",
            "15",
            "m",
            "15 m",
            "-5m",
            "1.5h",
            "30m1h",
            "5m5m",
            "1_0m",
            "15min",
            "99999999999999999999s",
            "200000w",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_exact_and_have_a_unit() {
        assert_eq!(size("10MB"), Some(10_000_000));
        assert_eq!(size("4GiB"), Some(4 << 30));
        assert_eq!(size("1.5GiB"), Some(3 << 29));
        assert_eq!(size("1 B"), Some(1));
        for bad in ["", "10", "10M", "MB", "-1MB", "1e3MB", "1.2345GB", "99999999999TB", "1..5MB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn counts_take_underscores_and_no_leading_zero() {
        assert_eq!(count("1_000_000"), Some(1_000_000));
        assert_eq!(count("0"), Some(0));
        for bad in ["", "_1", "1_", "1__0", "010", "-1", "1.0", "1e3", "0x10", "1:30", "99999999999999999999"]
        {
            assert_eq!(count(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(number("-12.50").as_deref(), Some("-12.50"));
        assert_eq!(number("1_000.5").as_deref(), Some("1000.5"));
        for bad in ["", "-", "1.", ".5", "1e3", "0x1", "01", "NaN", "--1"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn i4_plain_scalars_are_what_yaml_1_2_says() {
        assert_eq!(plain("no"), Plain::Text);
        assert_eq!(plain("1:30"), Plain::Text);
        assert_eq!(plain("1_000"), Plain::Text);
        assert_eq!(plain("True"), Plain::Boolean);
        assert_eq!(plain("~"), Plain::Null);
        assert_eq!(plain("1e3"), Plain::Number);
        assert_eq!(plain("-.inf"), Plain::Number);
        assert_eq!(plain("infinity"), Plain::Text);
    }
}
