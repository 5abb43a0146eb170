//! What operators ask of one replica: `idl/metadr_admin.x`.

pub use crate::admin_wire::{
    AdminPeer, AdminState, AdminStatus, AdminStepDown, AdminStop, AdminView,
};

use crate::admin_wire::metadr_admin::v1::Client;
use crate::{Endpoint, Error};
use metadr_runtime::rpc::{Client as RpcClient, ClientConfig};
use metadr_runtime::rt::Runtime;
use std::time::Duration;

/// A connection to one replica, for operators.
///
/// A replica takes their calls from its own machine, unless it was started to
/// take them from anywhere; else they fail with
/// [`CallError::AuthenticationFailed`](metadr_runtime::rpc::CallError).
#[derive(Clone, Debug)]
pub struct Admin {
    client: Client,
}

impl Admin {
    /// Connects to the client port of a replica. Connecting may take so long,
    /// and each call.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`]
    pub async fn connect<R: Runtime>(
        runtime: &R,
        endpoint: &Endpoint,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let config = ClientConfig {
            connect_timeout: timeout,
            call_timeout: timeout,
            ..ClientConfig::default()
        };
        let Endpoint { host, port } = endpoint;
        let rpc = RpcClient::connect_host(runtime, host, *port, config).await;
        let rpc = rpc.map_err(|error| Error::Connect {
            endpoint: endpoint.to_string(),
            kind: error.kind(),
            message: error.to_string(),
        })?;
        let client = Client::new(rpc);
        Ok(Self { client })
    }

    /// How the replica is.
    ///
    /// # Errors
    ///
    /// [`Error::Call`]
    pub async fn status(&self) -> Result<AdminStatus, Error> {
        Ok(self.client.status().await?)
    }

    /// Stops the replica cleanly, as SIGTERM does. The answer comes when it has
    /// stopped; then its process ends.
    ///
    /// # Errors
    ///
    /// [`Error::Call`]. Unless the call was not executed, the replica may stop
    /// nevertheless.
    pub async fn shutdown(&self) -> Result<AdminStop, Error> {
        Ok(self.client.shutdown().await?)
    }

    /// Lets another replica take over from this one, if it is the primary.
    /// Clients wait meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Call`]. Unless the call was not executed, another may take over
    /// nevertheless.
    pub async fn step_down(&self) -> Result<AdminStepDown, Error> {
        Ok(self.client.step_down().await?)
    }
}
