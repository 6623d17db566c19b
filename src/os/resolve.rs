//! A name's addresses as this machine's resolver gives them, which is what every program here gets. Must never be asked on a thread that
//! others wait for: a resolver that is not there keeps one waiting for half a minute.

use crate::session::failure::{Cause, Failure, Operation};
use std::net::{IpAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

/// What the resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The addresses in its order (RFC 6724 sorts them), each once: the first is the one that a client tries first.
    pub addresses: Vec<IpAddr>,
    /// How long it took.
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What failed, for the usual words.
    pub failure: Box<Failure>,
    /// The resolver's own words.
    pub told: String,
    /// How long it took.
    pub took: Duration,
}

/// Asks. A literal address is its own answer.
///
/// # Errors
/// [`Unresolved`].
pub fn resolve(name: &str) -> Result<Resolved, Unresolved> {
    let began = Instant::now();
    let name = name.trim();
    // A port is part of the question of the system, and no part of the answer.
    match (name, 0_u16).to_socket_addrs() {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address.ip()) {
                    addresses.push(address.ip());
                }
            }
            Ok(Resolved { addresses, took: began.elapsed() })
        }
        Err(problem) => {
            let os_code = problem.raw_os_error();
            // getaddrinfo has numbers of its own, which std folds into words; a number here is of the system.
            let cause = if os_code.is_some() { Cause::Other(problem.to_string()) } else { Cause::NameNotFound };
            let failure = Failure { operation: Operation::Resolve, address: name.to_owned(), cause, os_code };
            Err(Unresolved { failure: Box::new(failure), told: problem.to_string(), took: began.elapsed() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_localhost_need_no_network() {
        for (name, address) in [("127.0.0.1", "127.0.0.1"), (" ::1 ", "::1")] {
            assert_eq!(resolve(name).unwrap().addresses, [address.parse::<IpAddr>().unwrap()]);
        }
        let localhost = resolve("localhost").unwrap();
        assert!(!localhost.addresses.is_empty() && localhost.addresses.iter().all(IpAddr::is_loopback), "{localhost:?}");
    }

    #[test]
    fn what_cannot_be_a_name_says_so() {
        // No resolver is asked: a label has at most 63 characters (RFC 1035 section 2.3.4).
        let unresolved = resolve(&format!("{}.invalid", "a".repeat(64))).unwrap_err();
        assert_eq!(unresolved.failure.cause, Cause::NameNotFound);
        assert!(!unresolved.told.is_empty());
    }
}
