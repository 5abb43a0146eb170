//! A client of a whole group: whoever is the primary, it finds it. It shares
//! nothing with the product's own.

use super::wait_for;
use super::wire::{Answer, Call, Connection, is_of_the_replica};
use std::io;
use std::time::Duration;

/// A replica that lives usually answers at once. One that was stopped does
/// not, and somebody else may be the primary.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client that tries one replica after the other.
#[derive(Debug)]
pub(crate) struct GroupClient {
    ports: Vec<u16>,
    current: usize,
    connection: Option<Connection>,
}

impl GroupClient {
    /// A client of the replicas with these client ports.
    pub(crate) fn of(ports: &[u16]) -> Self {
        Self {
            ports: ports.to_vec(),
            current: 0,
            connection: None,
        }
    }

    /// Makes a call again and again until some replica executes it. The call
    /// must be one that can be repeated: what becomes of it when a connection
    /// is lost, or no quorum is reached, nobody knows.
    pub(crate) fn make(&mut self, call: &Call<'_>) -> Answer {
        wait_for("a primary with a quorum", || match self.attempt(call) {
            Ok(Answer::Code(code)) if is_of_the_replica(code) => {
                self.move_on();
                None
            }
            Ok(answer) => Some(answer),
            Err(_) => {
                self.move_on();
                None
            }
        })
    }

    fn attempt(&mut self, call: &Call<'_>) -> io::Result<Answer> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let connection = Connection::try_to(self.ports[self.current])?;
                none.insert(connection.with_patience(PATIENCE))
            }
        };
        connection.try_make(call)
    }

    fn move_on(&mut self) {
        self.connection = None;
        self.current = (self.current + 1) % self.ports.len();
    }
}
