//! What the dispatch of a generated server is made of.

pub use futures::future::Either::{Left, Right};
pub use futures::future::ready;

use crate::rpc::{CallContext, IncomingCall, Reply, ServiceError};
use crate::xdr::{DecodeError, EncodeError, XdrDecoder, XdrEncoder};
use futures::future::Ready;
use std::future::Future;

/// Answers a call: reads its arguments, starts the handler, and when that has
/// finished writes its result.
///
/// The handler is started before this returns: calls are, in the order in which
/// they came.
pub fn answer<A, T, F>(
    call: IncomingCall,
    decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<A, DecodeError>,
    handler: impl FnOnce(CallContext, A) -> F,
    encode: impl FnOnce(&mut XdrEncoder<'_>, T) -> Result<(), EncodeError> + Send,
) -> impl Future<Output = Reply> + Send
where
    F: Future<Output = Result<T, ServiceError>> + Send,
{
    let (context, arguments, reply) = match call.decode(decode) {
        Ok(parts) => parts,
        Err(reply) => return Right(ready(reply)),
    };
    let result = handler(context, arguments);
    Left(async move {
        match result.await {
            Ok(value) => reply.success(|encoder| encode(encoder, value)),
            Err(error) => reply.failure(error),
        }
    })
}

/// Executes a call that is not answered.
pub fn answer_one_way<A>(
    call: IncomingCall,
    decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<A, DecodeError>,
    handler: impl FnOnce(CallContext, A),
) -> Ready<Reply> {
    ready(match call.decode_one_way(decode) {
        Ok((context, arguments)) => {
            handler(context, arguments);
            Reply::none()
        }
        Err(reply) => reply,
    })
}
