//! Two tables as streams of hashes in the order of their keys' hashes, merged in constant memory.

use futures_util::{Stream, TryStreamExt};

/// A row: the hash of its key, and of each value compared; NULL is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: (i64, i64),
    pub(super) values: Vec<Option<i64>>,
}

/// Values of a column in rows that are on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// There before, NULL now.
    pub(super) lost: u64,
    /// NULL before, there now.
    pub(super) gained: u64,
    /// Another one.
    pub(super) changed: u64,
}

/// What the merge found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) lost: u64,
    pub(super) gained: u64,
    pub(super) changed: u64,
    /// For each column compared.
    pub(super) columns: Vec<Values>,
    /// Hashes of the first keys that are only before, or whose rows differ.
    pub(super) concerned_before: Vec<(i64, i64)>,
    /// Hashes of the first keys that are only after.
    pub(super) concerned_after: Vec<(i64, i64)>,
}

/// Keys that are remembered on either side.
pub(super) const KEYS: usize = 20;

/// Goes through both sides once. The same key twice on one side meets the same key twice on the other.
pub(super) async fn merge<E>(
    before: impl Stream<Item = Result<Line, E>>,
    after: impl Stream<Item = Result<Line, E>>,
    columns: usize,
) -> Result<Tally, E> {
    let (mut before, mut after) = (std::pin::pin!(before), std::pin::pin!(after));
    let mut tally = Tally { columns: vec![Values::default(); columns], ..Tally::default() };
    let (mut old, mut new) = (before.try_next().await?, after.try_next().await?);
    loop {
        let order = match (&old, &new) {
            (None, None) => return Ok(tally),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(old), Some(new)) => old.key.cmp(&new.key),
        };
        match (order, &old, &new) {
            (std::cmp::Ordering::Less, Some(line), _) => {
                tally.lost += 1;
                remember(&mut tally.concerned_before, line.key);
            }
            (std::cmp::Ordering::Greater, _, Some(line)) => {
                tally.gained += 1;
                remember(&mut tally.concerned_after, line.key);
            }
            (_, Some(old), Some(new)) => tally.pair(old, new),
            _ => {}
        }
        if order.is_le() {
            old = before.try_next().await?;
        }
        if order.is_ge() {
            new = after.try_next().await?;
        }
    }
}

impl Tally {
    fn pair(&mut self, old: &Line, new: &Line) {
        if old.values == new.values {
            return;
        }
        self.changed += 1;
        remember(&mut self.concerned_before, old.key);
        for ((old, new), values) in old.values.iter().zip(&new.values).zip(&mut self.columns) {
            match (old, new) {
                (Some(_), None) => values.lost += 1,
                (None, Some(_)) => values.gained += 1,
                (old, new) if old != new => values.changed += 1,
                _ => {}
            }
        }
    }
}

fn remember(keys: &mut Vec<(i64, i64)>, key: (i64, i64)) {
    if keys.len() < KEYS {
        keys.push(key);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    type Row = (i64, Vec<Option<i64>>);

    fn merged(before: &[Row], after: &[Row]) -> Tally {
        let side = |rows: &[Row]| {
            let mut rows = rows.to_vec();
            rows.sort();
            stream::iter(
                rows.into_iter().map(|(key, values)| Ok::<_, ()>(Line { key: (key / 2, key), values })),
            )
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(merge(side(before), side(after), 2)).unwrap()
    }

    #[test]
    fn values_are_lost_gained_or_changed_by_column() {
        let before = [
            (1, vec![Some(1), Some(1)]),
            (2, vec![Some(2), None]),
            (3, vec![None, None]),
            (4, vec![None, Some(1)]),
        ];
        let after = [
            (1, vec![None, Some(2)]),
            (2, vec![Some(2), Some(7)]),
            (4, vec![None, Some(1)]),
            (5, vec![None, None]),
        ];
        let tally = merged(&before, &after);
        assert_eq!((tally.lost, tally.gained, tally.changed), (1, 1, 2));
        let one = Values::default();
        assert_eq!(tally.columns, [Values { lost: 1, ..one }, Values { gained: 1, changed: 1, ..one }]);
        assert_eq!(tally.concerned_before, [(0, 1), (1, 2), (1, 3)]);
        assert_eq!(tally.concerned_after, [(2, 5)]);
    }

    proptest! {
        #[test]
        fn what_is_counted_explains_the_numbers_of_rows(
            before in prop::collection::vec((0_i64..30, prop::collection::vec(prop::option::of(0_i64..3), 2)), 0..60),
            after in prop::collection::vec((0_i64..30, prop::collection::vec(prop::option::of(0_i64..3), 2)), 0..60),
        ) {
            let tally = merged(&before, &after);
            prop_assert_eq!(before.len() as u64 - tally.lost, after.len() as u64 - tally.gained);
            let back = merged(&after, &before);
            prop_assert_eq!((tally.lost, tally.gained, tally.changed), (back.gained, back.lost, back.changed));
            let same = merged(&before, &before);
            prop_assert_eq!((same.lost, same.gained, same.changed), (0, 0, 0));
        }
    }
}
