//! `drillyard check`: all faults of settings and drills; restores nothing, contacts nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::context::{read_settings, style};
use super::{Exit, Global, help, print};
use crate::definition::{self, Fault};

pub(super) fn check(global: &Global, paths: &[PathBuf]) -> u8 {
    let (settings, mut faults) = match read_settings(global) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let wanted = if paths.is_empty() { settings.drills.clone() } else { paths.to_vec() };
    let parsed = definition::load(&wanted, &settings);
    faults.extend(parsed.faults);
    if global.json {
        print(&help::pretty(&definition::to_json(&faults)));
    } else {
        draw(&faults, &mut std::io::stdout().lock());
        let errors = faults.iter().filter(|fault| fault.is_error()).count();
        let told = format!("{}, {}", many(parsed.drills.len(), "valid drill"), many(errors, "error"));
        print(&told);
    }
    if faults.iter().any(Fault::is_error) { Exit::Invalid.code() } else { Exit::Passed.code() }
}

/// Shows faults on standard error (JSON on standard output), for commands that can't go on with them.
pub(super) fn show_faults(global: &Global, faults: &[Fault]) -> u8 {
    if global.json {
        print(&help::pretty(&definition::to_json(faults)));
    } else {
        draw(faults, &mut std::io::stderr().lock());
    }
    Exit::Invalid.code()
}

fn draw(faults: &[Fault], out: &mut dyn Write) {
    let source_of = |file: &Path| std::fs::read_to_string(file).ok();
    let style = style();
    let _ = out.write_all(definition::render(faults, source_of, style.colour, style.width).as_bytes());
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
