//! The sockets that each runtime itself has, without the adapters of this project.

use futures::io::{AsyncRead, AsyncWrite};
use metadr_runtime::rt::{AsyncStd, BlockOn, Smol, Tokio};
use std::future::Future;
use std::io;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// The sockets that a runtime itself has.
pub(super) trait Sockets: BlockOn {
    type Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    type Acceptor;

    fn bind() -> impl Future<Output = io::Result<(Self::Acceptor, u16)>>;
    fn accept(acceptor: &Self::Acceptor) -> impl Future<Output = io::Result<Self::Socket>>;
    fn dial(port: u16) -> impl Future<Output = io::Result<Self::Socket>>;
}

impl Sockets for Smol {
    type Socket = async_net::TcpStream;
    type Acceptor = async_net::TcpListener;

    async fn bind() -> io::Result<(Self::Acceptor, u16)> {
        let acceptor = async_net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = acceptor.local_addr()?.port();
        Ok((acceptor, port))
    }

    async fn accept(acceptor: &Self::Acceptor) -> io::Result<Self::Socket> {
        let (socket, _) = acceptor.accept().await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    async fn dial(port: u16) -> io::Result<Self::Socket> {
        let socket = async_net::TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

impl Sockets for AsyncStd {
    type Socket = async_std::net::TcpStream;
    type Acceptor = async_std::net::TcpListener;

    async fn bind() -> io::Result<(Self::Acceptor, u16)> {
        let acceptor = async_std::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = acceptor.local_addr()?.port();
        Ok((acceptor, port))
    }

    async fn accept(acceptor: &Self::Acceptor) -> io::Result<Self::Socket> {
        let (socket, _) = acceptor.accept().await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    async fn dial(port: u16) -> io::Result<Self::Socket> {
        let socket = async_std::net::TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

impl Sockets for Tokio {
    type Socket = Compat<tokio::net::TcpStream>;
    type Acceptor = tokio::net::TcpListener;

    async fn bind() -> io::Result<(Self::Acceptor, u16)> {
        let acceptor = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = acceptor.local_addr()?.port();
        Ok((acceptor, port))
    }

    async fn accept(acceptor: &Self::Acceptor) -> io::Result<Self::Socket> {
        let (socket, _) = acceptor.accept().await?;
        socket.set_nodelay(true)?;
        Ok(socket.compat())
    }

    async fn dial(port: u16) -> io::Result<Self::Socket> {
        let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        Ok(socket.compat())
    }
}
