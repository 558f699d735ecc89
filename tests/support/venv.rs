//! Programs from PyPI that `tests/prepare` has installed beside what is built.

use std::path::{Path, PathBuf};

/// A program of the tests' own virtual environment: `weed`, `moto_server`, `python`.
pub fn program(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = target.join("test-venv/bin").join(name);
    assert!(program.exists(), "{} is missing: run tests/prepare", program.display());
    program
}
