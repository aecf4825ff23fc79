//! Names of programs that edit and that generate.

/// Programs that edit, in lower case, as fields name them.
const EDITORS: [&str; 24] = [
    "photoshop",
    "lightroom",
    "gimp",
    "affinity",
    "capture one",
    "darktable",
    "rawtherapee",
    "snapseed",
    "pixelmator",
    "paint.net",
    "paint shop",
    "picasa",
    "luminar",
    "dxo",
    "acdsee",
    "facetune",
    "picsart",
    "vsco",
    "meitu",
    "canva",
    "photopea",
    "krita",
    "corel",
    "imagemagick",
];
/// Programs that generate, by names that are no words of any language.
const GENERATORS: [&str; 17] = [
    "midjourney",
    "dall-e",
    "dall·e",
    "stable diffusion",
    "stability ai",
    "stability.ai",
    "comfyui",
    "automatic1111",
    "adobe firefly",
    "novelai",
    "invokeai",
    "leonardo.ai",
    "ideogram",
    "google imagen",
    "flux.1",
    "bing image creator",
    "openai",
];
/// Which kind of program a text names.
pub(super) fn kind(value: &str) -> Option<&'static str> {
    let value = value.to_lowercase();
    let names = |list: &[&str]| list.iter().any(|name| has_word(&value, name));
    if names(&GENERATORS) {
        return Some("generator_software");
    }
    names(&EDITORS).then_some("editor_software")
}

/// Whether a name is in a text, and no part of a longer word there.
fn has_word(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|start| start.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|rest| rest.chars().next());
        !before.is_some_and(char::is_alphabetic) && !after.is_some_and(char::is_alphabetic)
    })
}
