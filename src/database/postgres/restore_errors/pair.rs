//! Server and client tell the same errors; each knows something that the other does not.

use std::collections::{HashMap, VecDeque};

use super::{Met, ServerError};
use crate::database::postgres::transcript::{ClientError, Transcript, comparable};

/// The SQLSTATE of what the server never saw.
pub(super) const UNKNOWN: &str = "-----";

/// Every error once: the server's in its order, with the object that the client names for the same message; then the
/// client's that no error of the server explains.
///
/// A dump can turn psql's verbosity down, so that some lines lack their message: as many lines of the client as there
/// are errors of the server without one are taken to be those.
pub(super) fn pair(server: &[ServerError], transcript: &Transcript) -> Vec<Met> {
    let mut told: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (index, error) in transcript.errors.iter().enumerate().filter(|(_, error)| !error.by_client) {
        told.entry(comparable(&error.message)).or_default().push_back(index);
    }
    let mut paired = vec![false; transcript.errors.len()];
    let mut unnamed = 0_usize;
    let mut all = Vec::with_capacity(server.len());
    for error in server {
        let index = told.get_mut(comparable(&error.message)).and_then(VecDeque::pop_front);
        match index {
            Some(index) => paired[index] = true,
            None => unnamed += 1,
        }
        all.push(met(error, index.and_then(|index| transcript.errors.get(index))));
    }
    let by_server = |(index, error): &(usize, &ClientError)| !paired[*index] && !error.by_client;
    let by_client = transcript.errors.iter().filter(|error| error.by_client);
    let unexplained =
        transcript.errors.iter().enumerate().filter(by_server).map(|(_, error)| error).skip(unnamed);
    all.extend(unexplained.chain(by_client).map(unknown));
    all
}

fn met(error: &ServerError, client: Option<&ClientError>) -> Met {
    Met {
        sqlstate: error.sqlstate.clone(),
        message: comparable(&error.message).to_owned(),
        object: client.map(|client| client.object.clone()).unwrap_or_default(),
        line: client.and_then(|client| client.line),
    }
}

fn unknown(error: &ClientError) -> Met {
    Met {
        sqlstate: UNKNOWN.to_owned(),
        message: error.message.clone(),
        object: error.object.clone(),
        line: error.line,
    }
}
