//! The examples that stand in databases: each must be matched by its own fingerprint, and give away what it says.

use base64::{Engine, engine::general_purpose::STANDARD};
use roxmltree::Node;

use super::Fingerprints;

/// What a fingerprint is tried with.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    description: String,
    examples: Vec<Example>,
}

#[derive(Debug)]
struct Example {
    text: Vec<u8>,
    facts: Vec<(String, String)>,
}

impl Tried {
    pub(super) fn of(node: Node<'_, '_>) -> Self {
        let text = |name: &str| {
            node.children().find(|child| child.has_tag_name(name)).and_then(|child| child.text())
        };
        let examples = node.children().filter(|child| child.has_tag_name("example"));
        Self {
            description: text("description").unwrap_or_default().to_owned(),
            examples: examples.filter_map(Example::of).collect(),
        }
    }
}

impl Example {
    /// One that stands in a file of its own is none for us.
    fn of(node: Node<'_, '_>) -> Option<Self> {
        if node.has_attribute("_filename") {
            return None;
        }
        let text = node.text().unwrap_or_default();
        let text = match node.attribute("_encoding") {
            Some("base64") => {
                let packed: String = text.split_whitespace().collect();
                STANDARD.decode(packed).expect("base64")
            }
            _ => text.as_bytes().to_vec(),
        };
        let named = node.attributes().filter(|attribute| !attribute.name().starts_with('_'));
        let facts =
            named.map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned())).collect();
        Some(Self { text, facts })
    }
}

/// Tries every example; what went wrong, and how many were right.
pub(super) fn tried(prints: &Fingerprints) -> (Vec<String>, usize) {
    let mut wrong = Vec::new();
    let mut right = 0;
    for (kind, fingerprints) in &prints.databases {
        for fingerprint in fingerprints {
            let Tried { description, examples } = &fingerprint.tried;
            if examples.is_empty() {
                wrong.push(format!("{kind}: {description} has no example"));
            }
            for example in examples {
                let said = String::from_utf8_lossy(&example.text);
                let own = fingerprint.facts(&example.text);
                let first = prints.look_up(kind, &example.text);
                let Some(facts) = &own else {
                    wrong.push(format!("{kind}: {description} does not match {said:?}"));
                    continue;
                };
                let missed = example.facts.iter().filter(|(name, value)| facts.get(name) != Some(value));
                wrong.extend(missed.map(|(name, value)| {
                    format!("{kind}: {description}: {name} is {:?}, not {value:?}", facts.get(name))
                }));
                if own == first {
                    right += 1;
                } else {
                    wrong.push(format!("{kind}: {description}: {said:?} is taken by another: {first:?}"));
                }
            }
        }
    }
    (wrong, right)
}
