// The `.x` files of Debian's packages rpcsvc-proto and libtirpc-dev, for the
// build script and for the tests.
//
// All that the two packages install are here, and of each every type that it
// defines: rpcgen writes an `xdr_` routine for all of them.

/// An interface that both compilers take.
pub struct Interface {
    /// The name of the file, without `.x`.
    pub name: &'static str,
    /// The folder that the package puts it into.
    pub folder: &'static str,
    /// What its C headers define, and this compiler has to be told with `-D`.
    pub defines: &'static [(&'static str, &'static str)],
    /// Types of its C headers, which `headers.x` has.
    pub externs: &'static [(&'static str, &'static str)],
    /// What the C compiler has to be told.
    pub c_flags: &'static [&'static str],
}

const fn plain(name: &'static str) -> Interface {
    Interface {
        name,
        folder: "/usr/include/rpcsvc",
        defines: &[],
        externs: &[],
        c_flags: &[],
    }
}

const NETOBJ: (&str, &str) = ("netobj", "crate::headers::Netobj");

/// All of them.
pub const INTERFACES: &[Interface] = &[
    plain("bootparam_prot"),
    Interface {
        folder: "/usr/include/tirpc/rpcsvc",
        // A macro of BSD that names the version of the file.
        c_flags: &["-D__FBSDID(text)="],
        ..plain("crypt")
    },
    Interface {
        defines: &[("MAXNETNAMELEN", "255")],
        externs: &[NETOBJ, ("des_block", "crate::headers::DesBlock")],
        ..plain("key_prot")
    },
    Interface {
        externs: &[NETOBJ],
        ..plain("klm_prot")
    },
    plain("mount"),
    plain("nfs_prot"),
    Interface {
        // `%#define`s of the file itself.
        defines: &[("LM_MAXSTRLEN", "1024"), ("MAXNAMELEN", "1025")],
        externs: &[NETOBJ],
        ..plain("nlm_prot")
    },
    plain("rex"),
    Interface {
        folder: "/usr/include/tirpc/rpc",
        defines: &[
            ("rpcprog_t", "unsigned int"),
            ("rpcvers_t", "unsigned int"),
            ("rpcproc_t", "unsigned int"),
        ],
        externs: &[("netbuf", "crate::headers::Netbuf")],
        c_flags: &[
            // It has types that <rpc/rpc.h> needs, and needs others of it: that
            // header takes in what was made of this file when libtirpc was built.
            "-include",
            "rpc/rpc.h",
            // libtirpc has these under other names.
            "-Dxdr_rpcprog_t=xdr_rpcprog",
            "-Dxdr_rpcvers_t=xdr_rpcvers",
            "-Dxdr_rpcproc_t=xdr_rpcproc",
        ],
        ..plain("rpcb_prot")
    },
    plain("rquota"),
    plain("rstat"),
    plain("rusers"),
    plain("sm_inter"),
    plain("spray"),
];
