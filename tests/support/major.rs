//! Which PostgreSQL a test uses that does not mean one.

/// The major version of most servers in the tests: 15, or what `make versions-test` says instead.
pub fn usual_major() -> u16 {
    let said = std::env::var("DRILLYARD_TEST_MAJOR").ok();
    said.map_or(15, |major| major.parse().expect("DRILLYARD_TEST_MAJOR is a major version: 18"))
}
