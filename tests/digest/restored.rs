//! A dump and its restore are the same state: every kind of object, and hostile names.

use drillyard::digest::Options;

use crate::major::usual_major;
use crate::server::{database_of, told};

const CORNER: &str = include_str!("corner.sql");

async fn dumped_and_restored(major: u16) {
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
async fn a_dump_and_its_restore_are_one_state() {
    dumped_and_restored(usual_major()).await;
}

#[tokio::test]
async fn a_dump_and_its_restore_are_one_state_on_17() {
    dumped_and_restored(17).await;
}
