//! File descriptors: as many as the system lets us have, and never all of them for connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What the database, the byte store and the image processes need besides connections.
const SPARE: u64 = 128;
/// With fewer descriptors than this there is nothing to share out.
const FEW: u64 = 256;

/// Raises the soft limit of descriptors to the hard one, and says how many connections fit below it.
pub fn connections_that_fit(wanted: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    share(wanted, if raised { hard } else { soft })
}

fn share(wanted: usize, limit: u64) -> usize {
    if limit < FEW {
        return wanted;
    }
    wanted.min(usize::try_from(limit - SPARE).unwrap_or(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest_of_the_server() {
        assert_eq!(share(1024, 1024), 896);
        assert_eq!(share(1024, 1 << 20), 1024);
        assert_eq!(share(1024, u64::MAX), 1024);
        assert_eq!(share(1024, 64), 1024);
    }
}
