//! Who holds the other end of a Unix-domain socket, as the system tells it. Must never look anything up.

use serde::{Deserialize, Serialize};

/// The process at the other end when the connection was made (Linux: SO_PEERCRED, socket(7)); it may have handed the socket on since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Its number; `None` where the system does not tell.
    pub process: Option<u32>,
    /// Its name, where it can be read.
    pub name: Option<String>,
    /// The number of its user.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
}
