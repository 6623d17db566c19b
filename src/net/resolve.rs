//! Names to addresses, through the system's resolver. Must never connect.

use super::error;
use crate::session::address::{Endpoint, Host};
use crate::session::failure::{Cause, Failure, Operation};
use std::net::SocketAddr;

/// Every address of an endpoint in the resolver's order, without repetitions. A literal is not looked up.
///
/// # Errors
/// `Resolve` with the name and the resolver's reason.
pub async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Failure> {
    let name = match &endpoint.host {
        Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, endpoint.port)]),
        Host::Name(name) => name,
    };
    match tokio::net::lookup_host((name.as_str(), endpoint.port)).await {
        Ok(found) => {
            let mut addresses: Vec<SocketAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() { Err(not_found(name, None)) } else { Ok(addresses) }
        }
        Err(problem) => Err(not_found(name, Some(&problem))),
    }
}

fn not_found(name: &str, problem: Option<&std::io::Error>) -> Failure {
    // getaddrinfo has numbers of its own (EAI_…), which std folds into a message without a code: the kind tells a name that
    // does not exist from a lookup that the system refused to make.
    let os_code = problem.and_then(std::io::Error::raw_os_error);
    let cause = match (problem, os_code) {
        (Some(problem), Some(_)) => error::cause(problem, Operation::Resolve, None),
        _ => Cause::NameNotFound,
    };
    Failure { operation: Operation::Resolve, address: name.to_owned(), cause, os_code }
}
