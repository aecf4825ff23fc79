//! Whether text looks like an e-mail address, in the words of the checker that `FastAPI` uses. A look at
//! the shape only: which addresses an account may have is the server's to say.

/// Bytes of an address, of its local part, of a label of its domain (RFC 5321, 4.5.3.1; RFC 1035).
const ADDRESS_LIMIT: usize = 254;
const LOCAL_LIMIT: usize = 64;
const LABEL_LIMIT: usize = 63;

/// What is wrong with an address; `None` for nothing.
pub(super) fn fault(address: &str) -> Option<&'static str> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("An email address must have an @-sign.");
    };
    if address.len() > ADDRESS_LIMIT {
        return Some("The email address is too long.");
    }
    local_fault(local).or_else(|| domain_fault(domain))
}

fn local_fault(local: &str) -> Option<&'static str> {
    if local.is_empty() {
        Some("There must be something before the @-sign.")
    } else if local.len() > LOCAL_LIMIT {
        Some("The email address is too long before the @-sign.")
    } else if local.starts_with('.') {
        Some("An email address cannot start with a period.")
    } else if local.ends_with('.') {
        Some("An email address cannot have a period immediately before the @-sign.")
    } else if local.contains("..") {
        Some("An email address cannot have two periods in a row.")
    } else if !local.chars().all(is_local) {
        Some("The email address contains invalid characters before the @-sign.")
    } else {
        None
    }
}

fn domain_fault(domain: &str) -> Option<&'static str> {
    if domain.is_empty() {
        Some("There must be something after the @-sign.")
    } else if domain.contains("..") {
        Some("An email address cannot have two periods in a row.")
    } else if domain.starts_with('.') || domain.ends_with('.') {
        Some("The part after the @-sign cannot begin or end with a period.")
    } else if !domain.contains('.') {
        Some("The part after the @-sign is not valid. It should have a period.")
    } else if !domain.split('.').all(is_label) {
        Some("The part after the @-sign contains invalid characters.")
    } else {
        None
    }
}

/// `atext` of RFC 5322 and the period, and letters of any script (RFC 6531).
fn is_local(character: char) -> bool {
    character.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(character)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_LIMIT).contains(&label.len())
        && label.chars().all(|character| character.is_alphanumeric() || character == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_pass() {
        for address in
            ["john.smith@example.com", "a+b_c-d@x.co", "o'neil@sub.example.org", "имя@пример.рф", "a@1.io"]
        {
            assert_eq!(fault(address), None, "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}com", "example.".repeat(40));
        for (address, word) in [
            ("", "must have an @"),
            ("plain", "must have an @"),
            ("@example.com", "before the @"),
            ("a@", "after the @"),
            ("a@localhost", "should have a period"),
            ("a..b@example.com", "two periods"),
            ("a@example..com", "two periods"),
            (".a@example.com", "start with a period"),
            ("a.@example.com", "immediately before"),
            ("a@.example.com", "begin or end"),
            ("a@example.com.", "begin or end"),
            ("a b@example.com", "invalid characters before"),
            ("a@b@example.com", "invalid characters before"),
            ("a\0@example.com", "invalid characters before"),
            ("a@exa mple.com", "after the @-sign contains"),
            ("a@-example.com", "after the @-sign contains"),
            ("a@example.com\n", "after the @-sign contains"),
            (&long, "too long before"),
            (&longer, "too long"),
        ] {
            assert!(fault(address).is_some_and(|why| why.contains(word)), "{address}: {:?}", fault(address));
        }
    }
}
