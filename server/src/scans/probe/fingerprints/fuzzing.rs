//! What the fuzzer reaches of fingerprints.

use super::{Fingerprints, pattern::Care};

/// Reads a database, and looks up its own text in it.
pub fn fingerprints(text: &str) {
    let mut prints = Fingerprints::default();
    prints.add("ssh.banner.xml", text, Care::Checked);
    for problem in prints.problems() {
        assert!(problem.line > 0 && !problem.why.contains('\n'), "{problem}");
    }
    for kind in prints.databases.keys() {
        if let Some(facts) = prints.look_up(kind, text.as_bytes()) {
            assert!(facts.iter().all(|(name, value)| !name.starts_with("_tmp.") && !value.is_empty()));
        }
    }
}
