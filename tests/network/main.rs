//! Networks as they are: in namespaces of their own, over a cable that takes its time. Run as root.

mod pings;
mod ports;
mod syn;

/// Whether namespaces can be made here. Root can; for others the test says that it saw nothing.
fn can_make_namespaces(test: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("{test}: NOT RUN, as it needs root to make network namespaces");
    }
    root
}
