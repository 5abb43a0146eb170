//! A client of a whole group: whoever is the primary, it finds it. It shares
//! nothing with the product's own.

use super::wait_for;
use super::wire::{
    Answer, Call, Connection, KEY_ALREADY_PRESENT, KEY_NOT_PRESENT, QUORUM_NOT_REACHED,
    is_of_the_replica,
};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A replica that lives usually answers at once. One that was stopped does
/// not, and somebody else may be the primary.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client that tries one replica after the other.
#[derive(Debug)]
pub(crate) struct GroupClient {
    replicas: Vec<SocketAddr>,
    current: usize,
    connection: Option<Connection>,
}

impl GroupClient {
    /// A client of the replicas that take clients there.
    pub(crate) fn of(replicas: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            replicas: replicas.into_iter().collect(),
            current: 0,
            connection: None,
        }
    }

    /// Makes a call again and again until some replica executes it. What
    /// becomes of an attempt when a connection is lost, or no quorum is reached,
    /// nobody knows; if a later one finds that the call has been done, it has:
    /// nobody else may create or remove its key meanwhile.
    pub(crate) fn make(&mut self, call: &Call<'_>) -> Answer {
        let mut may_be_done = false;
        wait_for("a primary with a quorum", || {
            match self.connect().map(|one| one.try_make(call)) {
                Ok(Ok(Answer::Code(code))) if is_of_the_replica(code) => {
                    may_be_done |= code == QUORUM_NOT_REACHED;
                }
                Ok(Ok(answer)) if may_be_done && is_done(call, &answer) => {
                    return Some(Answer::DONE);
                }
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(_)) => may_be_done = true,
                // It was not made.
                Err(_) => {}
            }
            self.move_on();
            None
        })
    }

    fn connect(&mut self) -> io::Result<&mut Connection> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                let connection = Connection::try_to_address(self.replicas[self.current])?;
                Ok(none.insert(connection.with_patience(PATIENCE)))
            }
        }
    }

    fn move_on(&mut self) {
        self.connection = None;
        self.current = (self.current + 1) % self.replicas.len();
    }
}

/// Whether this is the answer to a call that has been done before.
fn is_done(call: &Call<'_>, answer: &Answer) -> bool {
    match call {
        Call::Create(..) => *answer == Answer::Code(KEY_ALREADY_PRESENT),
        Call::Remove(_) => *answer == Answer::Code(KEY_NOT_PRESENT),
        Call::Set(..) | Call::Get(_) | Call::List(_) => false,
    }
}
