//! As much of BSON (bsonspec.org, version 1.1) as the answers of MongoDB need: what stands at the top of a document.

/// Most elements of a document that are looked at.
const MAX_ELEMENTS: usize = 256;

/// Adds the strings, numbers and truths at the top of a document, one a line. What breaks off ends it.
pub(super) fn lines(document: &[u8], lines: &mut String) -> Option<()> {
    let mut rest = document.get(4..)?;
    for _ in 0..MAX_ELEMENTS {
        let (kind, more) = rest.split_first()?;
        if *kind == 0 {
            return Some(());
        }
        let end = more.iter().position(|byte| *byte == 0)?;
        let name = String::from_utf8_lossy(&more[..end]);
        let value = &more[end + 1..];
        let length = match kind {
            0x01 | 0x09 | 0x11 | 0x12 => 8,
            0x02 => 4usize.checked_add(size(value)?)?,
            0x03 | 0x04 => size(value)?,
            0x05 => 5usize.checked_add(size(value)?)?,
            0x07 => 12,
            0x08 => 1,
            0x0a => 0,
            0x10 => 4,
            _ => return None,
        };
        let (value, next) = value.split_at_checked(length)?;
        let text = match kind {
            0x02 => {
                value.get(4..value.len().checked_sub(1)?).map(String::from_utf8_lossy)?.replace('\n', " ")
            }
            0x08 => (value != [0]).to_string(),
            0x10 => i32::from_le_bytes(*value.first_chunk()?).to_string(),
            _ => String::new(),
        };
        if !text.is_empty() {
            lines.extend([&*name, "=", &*text, "\n"]);
        }
        rest = next;
    }
    None
}

fn size(bytes: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(*bytes.first_chunk()?)).ok()
}
