//! The program: parse, call, exit.

fn main() {}
