//! The program: parse, call, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(drillyard::cli::main(std::env::args_os()))
}
