//! The peers in other languages.

use metadr_bench::peers::{self, Build, run};
use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// XDRPP with code from `xdrc`, if `XDRPP` is where it has been built.
pub(super) fn xdrpp() -> Result<PathBuf> {
    // It is two contenders.
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build_xdrpp().map_err(|error| error.to_string()));
    built.clone().map_err(Error::other)
}

fn build_xdrpp() -> Result<PathBuf> {
    let root = peers::xdrpp()?;
    let build = Build::new("rpc_xdrpp")?;
    let [header, program] = ["echo.hh", "peer"].map(|name| build.output(name));
    run(Command::new(root.join("xdrc/xdrc"))
        .arg("-hh")
        .arg("-o")
        .arg(&header)
        .arg(build.source("../echo.x")))?;
    run(Command::new("c++")
        .args(["-std=c++20", "-O3", "-I"])
        .arg(&root)
        .arg("-I")
        .arg(build.directory())
        .arg("-o")
        .arg(&program)
        .arg(build.source("rpc_xdrpp.cc"))
        .arg(root.join("xdrpp/libxdrpp.a"))
        .arg("-lpthread"))?;
    Ok(program)
}

/// libtirpc with code from `rpcgen`, if both are installed.
pub(super) fn tirpc() -> Result<PathBuf> {
    let build = Build::new("rpc_tirpc")?;
    // The code that rpcgen writes includes the header beside its own input.
    std::fs::copy(build.source("../echo.x"), build.output("echo.x"))?;
    let outputs = [
        ("-h", "echo.h"),
        ("-c", "echo_xdr.c"),
        ("-l", "echo_clnt.c"),
        ("-m", "echo_svc.c"),
    ];
    for (option, output) in outputs {
        // -M: without static variables, as there are several threads.
        run(Command::new("rpcgen")
            .current_dir(build.directory())
            .args(["-C", "-M", option, "-o", output, "echo.x"]))?;
    }
    let program = build.output("peer");
    run(Command::new("cc")
        .current_dir(build.directory())
        .args(["-O3", "-w", "-I/usr/include/tirpc", "-I.", "-o"])
        .arg(&program)
        .arg(build.source("rpc_tirpc.c"))
        .args(["echo_xdr.c", "echo_clnt.c", "echo_svc.c"])
        .args(["-ltirpc", "-lpthread"]))?;
    Ok(program)
}
