//! Alike errors counted together, so that a record stays small and the count is never hidden.

use std::collections::HashMap;

use super::pair::UNKNOWN;
use super::{Met, RestoreErrorClass, RestoreErrors};
use crate::model::Reason;

/// The most groups; the rest of the fatal ones and the rest of the others are counted in one more each.
const MOST: usize = 199;

#[derive(Debug, Default)]
pub(super) struct Groups {
    all: Vec<RestoreErrors>,
    /// Distinct objects of each group beyond the first.
    others: Vec<u64>,
    places: HashMap<(String, String, String, String), usize>,
    further_fatal: Option<(Reason, u64)>,
    further: u64,
}

impl Groups {
    /// `message` is redacted.
    pub(super) fn add(&mut self, met: &Met, message: String, class: RestoreErrorClass) {
        // Fatal errors on several objects are told one by one; but a line of a dump is no object, and what is missing
        // is one thing however many statements name it.
        let one_by_one = !met.object.starts_with("line ") && met.sqlstate != "42704";
        let apart = matches!(class, RestoreErrorClass::Fatal(_)) && one_by_one;
        let object = if apart { met.object.clone() } else { String::new() };
        let key = (met.sqlstate.clone(), object, message.clone(), format!("{class:?}"));
        if let Some(place) = self.places.get(&key) {
            let group = &mut self.all[*place];
            group.count += 1;
            self.others[*place] += u64::from(group.object != met.object);
        } else if self.all.len() < MOST {
            self.places.insert(key, self.all.len());
            let object = met.object.clone();
            self.all.push(RestoreErrors { sqlstate: met.sqlstate.clone(), object, message, count: 1, class });
            self.others.push(0);
        } else {
            self.add_beyond(&class);
        }
    }

    /// Errors of the client that nothing more is known of.
    pub(super) fn add_further(&mut self, count: u64) {
        let (_, fatal) = self.further_fatal.get_or_insert((Reason::RestoreFailed, 0));
        *fatal += count;
    }

    /// A group of several reasons is the backup's fault as soon as one of them is.
    fn add_beyond(&mut self, class: &RestoreErrorClass) {
        let RestoreErrorClass::Fatal(reason) = class else {
            self.further += 1;
            return;
        };
        let (known, count) = self.further_fatal.get_or_insert((*reason, 0));
        if *reason == Reason::RestoreFailed {
            *known = *reason;
        }
        *count += 1;
    }

    pub(super) fn finish(mut self) -> Vec<RestoreErrors> {
        for (group, others) in self.all.iter_mut().zip(&self.others) {
            if *others > 0 {
                let object = format!("{} and {others} more", group.object);
                object.trim_start().clone_into(&mut group.object);
            }
        }
        if let Some((reason, count)) = self.further_fatal {
            self.all.push(summary(count, RestoreErrorClass::Fatal(reason)));
        }
        if self.further > 0 {
            let class = RestoreErrorClass::Follows("the errors above".to_owned());
            self.all.push(summary(self.further, class));
        }
        self.all
    }
}

fn summary(count: u64, class: RestoreErrorClass) -> RestoreErrors {
    RestoreErrors {
        sqlstate: UNKNOWN.to_owned(),
        object: "further errors".to_owned(),
        message: "not listed one by one".to_owned(),
        count,
        class,
    }
}
