//! Telling an rpcbind what a server serves, and that it does so no more.

use super::client::Rpcbind;
use super::error::RegisterError;
use super::location::Location;
use super::mapping::Mapping;
use super::rival::is_dead;
use crate::rpc::{ClientConfig, ProgramVersion};
use crate::rt::Runtime;
use std::net::SocketAddr;

/// How often to try for a place that others take and leave at the same time.
const ATTEMPTS: usize = 3;

/// How a server is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// The rpcbind. Default: this machine's.
    pub location: Location,
    /// What to do about a program that is registered already. Default:
    /// [`Takeover::FromTheDead`].
    pub takeover: Takeover,
    /// Further addresses that lead to the listener. Default: none.
    ///
    /// A program has one address for IPv4 (`tcp`) and one for IPv6 (`tcp6`). On
    /// most systems a listener of `[::]:2049` takes connections of IPv4 as well:
    /// `0.0.0.0:2049` belongs here then.
    pub also: Vec<SocketAddr>,
    /// Its times are how long to wait for rpcbind, and for another server that
    /// may have died.
    pub client: ClientConfig,
}

/// What to do about a program that is registered already at another address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takeover {
    /// Replace what a server has left that is dead: nobody listens at its
    /// address any more, or whoever does refuses the program. A server that is
    /// alive, or does not answer in time, keeps its place.
    #[default]
    FromTheDead,
    /// Replace it, as C servers do that call `svc_unreg` at their start.
    FromAnybody,
}

/// What a server has registered. It stays when this is dropped, or the process
/// ends, until somebody removes it: [`unregister`](Self::unregister) does.
#[derive(Debug)]
#[must_use = "it stays registered until `unregister` is called"]
pub struct Registration {
    config: RegistrationConfig,
    mappings: Vec<Mapping>,
}

impl Registration {
    /// Registers `programs` at `address`, and at those of
    /// [`RegistrationConfig::also`]: all of them, or after an error none. The
    /// server must listen there already.
    ///
    /// Registering again what is registered already changes nothing. It has to
    /// be done when rpcbind was restarted, which forgets everything.
    ///
    /// # Errors
    ///
    /// [`RegisterError::Taken`] if another server is registered, see
    /// [`Takeover`]; [`RegisterError::NotRemoved`] if it is dead, but was of
    /// another user.
    pub async fn register<R: Runtime>(
        runtime: &R,
        programs: &[ProgramVersion],
        address: SocketAddr,
        config: RegistrationConfig,
    ) -> Result<Self, RegisterError> {
        let rpcbind = Rpcbind::connect(runtime, &config.location, &config.client).await?;
        let mut registration = Self {
            config,
            mappings: Vec::new(),
        };
        let addresses = [&[address], &registration.config.also[..]].concat();
        for &program in programs {
            for &address in &addresses {
                let mapping = Mapping::tcp(program, address);
                let outcome = registration.set(runtime, &rpcbind, &mapping).await;
                if let Err(error) = outcome {
                    // The first error is the one to tell.
                    let _ = remove(&rpcbind, &registration.mappings).await;
                    return Err(error);
                }
                registration.mappings.push(mapping);
            }
        }
        Ok(registration)
    }

    /// What is registered.
    #[must_use]
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Removes what is registered, except what another server has replaced.
    ///
    /// # Errors
    ///
    /// [`RegisterError::NotRemoved`] if something is still there after all has
    /// been tried.
    pub async fn unregister<R: Runtime>(self, runtime: &R) -> Result<(), RegisterError> {
        let Self { config, mappings } = self;
        let rpcbind = Rpcbind::connect(runtime, &config.location, &config.client).await?;
        remove(&rpcbind, &mappings).await
    }

    async fn set<R: Runtime>(
        &self,
        runtime: &R,
        rpcbind: &Rpcbind,
        mapping: &Mapping,
    ) -> Result<(), RegisterError> {
        for _ in 0..ATTEMPTS {
            if rpcbind.set(mapping).await? {
                return Ok(());
            }
            // Between these steps somebody else may come: the protocol has no
            // way to replace what one has seen and nothing else.
            let Some(rival) = find(rpcbind, mapping).await? else {
                continue;
            };
            let may_go = match self.config.takeover {
                Takeover::FromAnybody => true,
                Takeover::FromTheDead => {
                    // Two cannot listen at the same address.
                    rival.overlaps(mapping) || is_dead(runtime, &rival, &self.config).await
                }
            };
            if !may_go {
                return Err(RegisterError::Taken(rival));
            }
            if !rpcbind.unset(rival.program, &rival.netid).await? {
                return Err(RegisterError::NotRemoved(rival));
            }
        }
        Err(match find(rpcbind, mapping).await? {
            // It says that it removes it, and does not.
            Some(rival) => RegisterError::NotRemoved(rival),
            None => RegisterError::NotTaken(mapping.clone()),
        })
    }
}

/// What is registered in the place of `mapping`.
async fn find(rpcbind: &Rpcbind, mapping: &Mapping) -> Result<Option<Mapping>, RegisterError> {
    let mut there = rpcbind.dump().await?.into_iter();
    Ok(there.find(|other| other.has_place_of(mapping)))
}

/// Those of `mappings` that are there, as they are there.
async fn still_there(
    rpcbind: &Rpcbind,
    mappings: &[Mapping],
) -> Result<Vec<Mapping>, RegisterError> {
    let mut there = rpcbind.dump().await?;
    there.retain(|other| {
        let is_same = |mapping: &Mapping| other.has_place_of(mapping) && other.overlaps(mapping);
        mappings.iter().any(is_same)
    });
    Ok(there)
}

async fn remove(rpcbind: &Rpcbind, mappings: &[Mapping]) -> Result<(), RegisterError> {
    for mapping in still_there(rpcbind, mappings).await? {
        // What it answers does not always tell; what is there afterwards does.
        rpcbind.unset(mapping.program, &mapping.netid).await?;
    }
    match still_there(rpcbind, mappings).await?.into_iter().next() {
        Some(mapping) => Err(RegisterError::NotRemoved(mapping)),
        None => Ok(()),
    }
}
