//! GIF's extensions.

use super::{Holds, Part};

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;
const COMMENT: u8 = 0xfe;
const APPLICATION: u8 = 0xff;
/// Length, name and key of an application.
const APPLICATION_HEADER: usize = 12;
/// What follows an XMP packet so that its bytes end as blocks (XMP part 3, 1.1.2).
const XMP_TRAILER: usize = 257;

pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    walk(bytes, |at| extension(bytes, at, &mut parts));
    parts
}

/// Where the picture ends: behind its trailer.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    let at = walk(bytes, |at| skip(bytes, at + 2))?;
    (bytes.get(at) == Some(&TRAILER)).then_some(at + 1)
}

/// Walks the blocks, `extension` telling where one ends; where the first is that is of no such kind.
fn walk(bytes: &[u8], mut extension: impl FnMut(usize) -> Option<usize>) -> Option<usize> {
    let mut at = bytes.get(10).map(|&flags| 13 + palette(flags))?;
    loop {
        at = match *bytes.get(at)? {
            EXTENSION => extension(at)?,
            IMAGE => {
                bytes.get(at + 9).map(|&flags| at + 11 + palette(flags)).and_then(|at| skip(bytes, at))?
            }
            _ => return Some(at),
        };
    }
}

fn extension<'a>(bytes: &'a [u8], at: usize, parts: &mut Vec<Part<'a>>) -> Option<usize> {
    let data = at + 2;
    let end = skip(bytes, data)?;
    match *bytes.get(at + 1)? {
        COMMENT => parts.push(Part::made(Holds::Comment, "comment", joined(bytes, data))),
        APPLICATION => {
            let start = data + APPLICATION_HEADER;
            match bytes.get(data + 1..start)? {
                b"XMP DataXMP" => {
                    let packet = bytes.get(start..end.checked_sub(XMP_TRAILER + 1)?)?;
                    parts.push(Part::new(Holds::Xmp, "application", start, packet));
                }
                b"ICCRGBG1012" => parts.push(Part::made(Holds::Icc, "application", joined(bytes, start))),
                _ => {}
            }
        }
        _ => {}
    }
    Some(end)
}

/// Bytes of a palette.
fn palette(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 6 << (flags & 7) }
}

/// Where a chain of blocks ends.
fn skip(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let length @ 1.. = usize::from(*bytes.get(at)?) {
        at += 1 + length;
    }
    Some(at + 1)
}

/// What a chain of blocks holds, up to 64 KiB.
fn joined(bytes: &[u8], mut at: usize) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(length @ 1..) = bytes.get(at).map(|&length| usize::from(length)) {
        let Some(block) = bytes.get(at + 1..at + 1 + length) else { break };
        if whole.len() + length > 64 << 10 {
            break;
        }
        whole.extend_from_slice(block);
        at += 1 + length;
    }
    whole
}
