//! A server that is registered while it serves.

use super::error::ServeError;
use super::registration::{Registration, RegistrationConfig};
use crate::rpc::{Limits, Service, Shutdown, serve};
use crate::rt::{Listener, Runtime};
use futures::future::{Either, join, select};
use std::pin::pin;
use std::sync::Arc;

/// Registers all programs of `service` at the address of `listener`, serves
/// them as [`serve`] does until `shutdown` starts, and removes them again: they
/// are gone when this is ready, and no new caller is sent here while calls in
/// flight are being finished.
///
/// If this future is dropped, they stay registered, and connections that have
/// been accepted go on.
///
/// # Errors
///
/// [`ServeError::Register`] before it serves anything. That of the listener,
/// after which the programs have been removed as well.
pub async fn serve_registered<R, L, S>(
    runtime: R,
    listener: L,
    service: Arc<S>,
    limits: Limits,
    shutdown: Shutdown,
    config: RegistrationConfig,
) -> Result<(), ServeError>
where
    R: Runtime,
    L: Listener<Stream = R::Stream>,
    S: Service,
{
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    let programs = service.programs();
    let registration = Registration::register(&runtime, &programs, address, config)
        .await
        .map_err(ServeError::Register)?;

    let unregister = registration.unregister(&runtime);
    let serving = pin!(serve(
        runtime.clone(),
        listener,
        service,
        limits,
        shutdown.clone()
    ));
    let (served, unregistered) = match select(serving, pin!(shutdown.started())).await {
        Either::Left((served, _)) => (served, unregister.await),
        Either::Right(((), serving)) => join(serving, unregister).await,
    };
    served.map_err(ServeError::Serve)?;
    unregistered.map_err(ServeError::Unregister)
}
