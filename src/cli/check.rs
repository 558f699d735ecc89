//! `drillyard check`: all faults of settings and drills; restores nothing, contacts nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::context::{error_style, fail, read_settings, style};
use super::{Exit, Global, help, print};
use crate::definition::{self, Fault, Severity};
use crate::record::words::many;
use crate::report::Style;

pub(super) fn check(global: &Global, paths: &[PathBuf]) -> u8 {
    let (settings, mut faults) = match read_settings(global) {
        Ok(read) => read,
        Err(code) => return code,
    };
    if paths.is_empty() && settings.file.is_none() && !settings.drills.iter().any(|folder| folder.exists()) {
        let hint = Some("name a file with its path, or say in drillyard.yaml where drills are");
        return fail("there is neither a folder drills/ here nor a drillyard.yaml", hint, Exit::Invalid);
    }
    let wanted = if paths.is_empty() { settings.drills.clone() } else { paths.to_vec() };
    let parsed = definition::load(&wanted, &settings);
    faults.extend(parsed.faults);
    let errors = faults.iter().filter(|fault| fault.is_error()).count();
    let printed = if global.json {
        print(&help::pretty(&definition::to_json(&faults)))
    } else {
        let counts = [
            many(parsed.drills.len(), "valid drill"),
            many(errors, "error"),
            many(faults.iter().filter(|fault| fault.severity == Severity::Warning).count(), "warning"),
        ];
        print(&(drawn(&faults, style()) + &counts.join(", ")))
    };
    if errors > 0 { Exit::Invalid.code() } else { printed }
}

/// Shows faults on standard error (JSON on standard output), for commands that can't go on with them.
pub(super) fn show_faults(global: &Global, faults: &[Fault]) -> u8 {
    if global.json {
        print(&help::pretty(&definition::to_json(faults)));
    } else {
        let _ = std::io::stderr().lock().write_all(drawn(faults, error_style()).as_bytes());
    }
    Exit::Invalid.code()
}

fn drawn(faults: &[Fault], style: Style) -> String {
    let source_of = |file: &Path| std::fs::read_to_string(file).ok();
    definition::render(faults, source_of, style.colour, style.width)
}
