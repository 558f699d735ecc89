//! A dump and its restore are the same state: every kind of object, and hostile names.

use drillyard::digest::Options;

use crate::server::{database_of, told};

const CORNER: &str = include_str!("corner.sql");

async fn a_dump_and_its_restore_are_one_state(major: u16) {
    let before = database_of(major, CORNER).await;
    let after = before.restored().await;
    let difference = before.against(&after, &Options::default()).await;
    assert_eq!(told(&difference), Vec::<String>::new());
    assert!(difference.is_empty(), "{difference:?}");
    let state = before.state().await;
    assert_eq!(state.left_out, ["content of shop.far_away (a foreign table)"]);
    let said = format!("{state:?}");
    assert!(said.contains("mood") && !said.contains("canary-7f3"), "a password was kept");
}

#[tokio::test]
async fn a_dump_and_its_restore_are_one_state_on_15() {
    a_dump_and_its_restore_are_one_state(15).await;
}

#[tokio::test]
async fn a_dump_and_its_restore_are_one_state_on_17() {
    a_dump_and_its_restore_are_one_state(17).await;
}
