//! Ports that nobody else uses, or almost.

use socket2::{Domain, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where a replica runs that has a network of its own.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The network namespace.
    pub(crate) namespace: String,
    /// Where clients reach it, who are outside.
    pub(crate) for_clients: Ipv4Addr,
    /// Where the other replicas reach it.
    pub(crate) for_replicas: Ipv4Addr,
}

/// The ports of a group on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    /// `ClientPort` of each replica.
    pub(crate) client: Vec<u16>,
    /// `ReplicationPort` of each replica.
    pub(crate) replication: Vec<u16>,
    /// Where the others reach each replica, if not on its `ReplicationPort`.
    pub(crate) endpoints: Option<Vec<u16>>,
    /// Where the replicas are, if they are not all on the loopback interface.
    pub(crate) places: Option<Vec<Place>>,
}

impl Ports {
    /// Ports that are free at the moment. Somebody may be faster in taking
    /// them, so whoever uses them has to be ready to try others.
    pub(crate) fn free(replicas: usize) -> Self {
        // All are held until all are found, so that they differ.
        let listeners: Vec<TcpListener> = (0..2 * replicas).map(|_| any_listener()).collect();
        let mut client: Vec<u16> = listeners.iter().map(port_of).collect();
        let replication = client.split_off(replicas);
        Self {
            client,
            replication,
            endpoints: None,
            places: None,
        }
    }

    /// Keeps all ports from being given to others, also while nobody listens
    /// on them: other tests ask for free ones at the same time. It has to be
    /// done before anybody listens.
    pub(crate) fn hold(&self) -> io::Result<HeldPorts> {
        let all = self.client.iter().chain(&self.replication);
        let sockets: io::Result<Vec<Socket>> = all.map(|port| held(*port)).collect();
        sockets.map(HeldPorts)
    }

    /// The ports in the sample files `config-0` and following.
    pub(crate) fn of_the_samples(replicas: u16) -> Self {
        Self {
            client: (0..replicas).map(|replica| 4004 + 2 * replica).collect(),
            replication: (0..replicas).map(|replica| 5008 + 2 * replica).collect(),
            endpoints: None,
            places: None,
        }
    }

    /// Where clients reach a replica.
    pub(crate) fn client_address(&self, replica: usize) -> SocketAddr {
        let place = self
            .places
            .as_ref()
            .map(|places| places[replica].for_clients);
        let address = place.unwrap_or(Ipv4Addr::LOCALHOST);
        SocketAddr::from((address, self.client[replica]))
    }

    /// The config file of a replica, in the format and the shape of the samples.
    pub(crate) fn config(&self, replica: usize) -> String {
        let endpoints = self.endpoints.as_ref().unwrap_or(&self.replication);
        let place = |replica: usize| Some(self.places.as_ref()?[replica].for_replicas);
        let endpoints: Vec<String> = (endpoints.iter().enumerate())
            .map(|(replica, port)| match place(replica) {
                Some(address) => format!("{address}:{port}"),
                None => format!("localhost:{port}"),
            })
            .collect();
        format!(
            "# Replica {replica} of a test.\n\n\
             ClientPort = {}\n\n\
             # For the other replicas.\n\
             ReplicationPort = {}\n\
             EndPoints = {}\n\
             Recovering = false\n",
            self.client[replica],
            self.replication[replica],
            endpoints.join(","),
        )
    }
}

/// Ports that are given to nobody for as long as this lives. Whoever knows them
/// can listen there.
#[derive(Debug)]
pub(crate) struct HeldPorts(
    #[expect(dead_code, reason = "the sockets hold the ports")] Vec<Socket>,
);

/// A socket with this port that does not listen. On Linux, others can have the
/// port as well if they allow it to be used again, as those who listen do; who
/// asks for any port does not get it. Elsewhere that is not so, and the socket
/// has no port.
fn held(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if cfg!(target_os = "linux") {
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    }
    Ok(socket)
}

/// A port on which connections are refused for as long as this lives.
#[derive(Debug)]
pub(crate) struct DeadPort {
    // Its own end of a connection has the port, so nobody can listen there.
    stream: TcpStream,
    _listener: TcpListener,
}

impl DeadPort {
    pub(crate) fn new() -> Self {
        let listener = any_listener();
        let address = listener.local_addr().expect("it is bound");
        Self {
            stream: TcpStream::connect(address).expect("it listens"),
            _listener: listener,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.stream
            .local_addr()
            .expect("it is connected")
            .to_string()
    }
}

/// A port whose host is gone, as far as others can tell: what they send is not
/// even refused, for as long as this lives.
#[derive(Debug)]
pub(crate) struct BlackHole {
    listener: TcpListener,
    // So many wait to be accepted that the system takes no more of them.
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    /// None, if this system refuses those for whom there is no room.
    pub(crate) fn new() -> Option<Self> {
        let listener = any_listener();
        let address = listener.local_addr().expect("it is bound");
        let patience = Duration::from_millis(100);
        let mut waiting = Vec::new();
        // The standard library has 128 wait.
        while waiting.len() < 1000 {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => waiting.push(stream),
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Some(Self {
                        listener,
                        _waiting: waiting,
                    });
                }
                Err(_) => break,
            }
        }
        None
    }

    pub(crate) fn endpoint(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }
}

/// A port that takes every connection and closes it at once, for as long as
/// this lives: a proxy whose server is gone.
#[derive(Debug)]
pub(crate) struct ClosingPort {
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ClosingPort {
    pub(crate) fn new() -> Self {
        let listener = any_listener();
        let address = listener.local_addr().expect("it is bound");
        let has_ended = Arc::<AtomicBool>::default();
        let inside = Arc::clone(&has_ended);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                drop(stream);
                if inside.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self {
            address,
            has_ended,
            thread: Some(thread),
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for ClosingPort {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes it up, so that it sees that.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            let _ = thread.join();
        }
    }
}

/// A listener on a port of the system's choice.
pub(crate) fn any_listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port")
}

/// Where it listens.
pub(crate) fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("it is bound").port()
}
