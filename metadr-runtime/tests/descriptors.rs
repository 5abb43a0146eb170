//! Listeners when the process has no file descriptors left. The limit is that
//! of the process, so there is one test in here.

#![cfg(target_os = "linux")]
#![cfg(any(feature = "async-std", feature = "smol", feature = "tokio"))]

use metadr_runtime::rt::{BlockOn, Listener, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::future::poll_fn;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const EMFILE: i32 = rustix::io::Errno::MFILE.raw_os_error();
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_listener_goes_on_once_there_are_file_descriptors_again() {
    #[cfg(feature = "smol")]
    test_listener::<metadr_runtime::rt::Smol>();
    #[cfg(feature = "async-std")]
    test_listener::<metadr_runtime::rt::AsyncStd>();
    #[cfg(feature = "tokio")]
    test_listener::<metadr_runtime::rt::Tokio>();
}

fn test_listener<R: BlockOn + Default>() {
    let runtime = R::default();
    let test = async {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut listener = runtime.listen(any_port).await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let expected = client.local_addr().unwrap();

        let limit = getrlimit(Resource::Nofile);
        let none = Rlimit {
            current: Some(0),
            ..limit
        };
        setrlimit(Resource::Nofile, none).unwrap();
        for _ in 0..3 {
            let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
            let error = accepted.map(drop).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(EMFILE));
        }
        setrlimit(Resource::Nofile, limit).unwrap();
        let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
        accepted.unwrap().1 == expected
    };
    let passed = runtime.block_on(timeout(&runtime, PATIENCE, test));
    assert_eq!(passed, Some(true));
}
