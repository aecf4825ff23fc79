//! Passwords that everybody knows: whoever guesses begins with these (NIST SP 800-63B 5.1.1.2).

use std::sync::LazyLock;

/// Lower case, sorted by bytes; its origin and license lie beside it.
const LIST: &str = include_str!("common_passwords/list.txt");

static LINES: LazyLock<Vec<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether a password is one of them, in whatever case.
pub(super) fn contain(password: &str) -> bool {
    LINES.binary_search(&&*password.to_lowercase()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_holds_what_no_other_rule_refuses() {
        assert!(LINES.is_sorted() && LINES.len() > 5_000, "{}", LINES.len());
        assert!(LINES.iter().all(|line| line.len() >= 8 && line.bytes().any(|b| !b.is_ascii_digit())));
    }

    #[test]
    fn well_known_passwords_are_known_in_any_case_and_others_are_not() {
        for known in ["password", "Password", "QWERTYUIOP", "1qaz2wsx", "trustno1"] {
            assert!(contain(known), "{known}");
        }
        for unknown in ["correct horse battery staple", "password ", "", "passwor", "пароль-пароль"]
        {
            assert!(!contain(unknown), "{unknown}");
        }
    }
}
