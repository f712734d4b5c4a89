//! Why a kernel cannot start. Imports nothing in-house.
//!
//! Once it serves, nothing ends it but a request to shut down: what goes wrong later is a reply, or a line on stderr.

use jupyter_zmq_client::RuntimeError;
use std::io;
use std::path::PathBuf;

/// Why a kernel cannot start.
///
/// ```
/// use lazuli_kernel::Error;
/// let error = Error::SignatureScheme { scheme: "hmac-md5".to_owned() };
/// assert!(error.to_string().contains("hmac-sha256"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection file cannot be read.
    #[error("cannot read the connection file {}; Jupyter writes one for every kernel it starts", path.display())]
    ConnectionFile {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The connection file is not what Jupyter writes.
    #[error("{} is not a connection file of Jupyter", path.display())]
    ConnectionText {
        /// Where it is.
        path: PathBuf,
        /// What is wrong in it.
        #[source]
        source: serde_json::Error,
    },
    /// The connection file asks for signatures that nobody has.
    #[error("the connection file asks for the signature scheme `{scheme}`; this kernel signs with `hmac-sha256`")]
    SignatureScheme {
        /// What it asks for.
        scheme: String,
    },
    /// A socket cannot be bound.
    #[error("cannot listen on {address} for the {channel} channel; is another program using that port?")]
    Bind {
        /// Which of the five.
        channel: &'static str,
        /// Its address.
        address: String,
        /// Why not.
        #[source]
        source: Box<RuntimeError>,
    },
    /// The system gives no threads.
    #[error("cannot start the kernel's threads")]
    Runtime {
        /// Why not.
        #[source]
        source: io::Error,
    },
}
