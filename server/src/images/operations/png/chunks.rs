//! A PNG's metadata, carried over as bytes.

use std::io::{Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::super::{
    Job, exif,
    metadata::{MAX_PROFILE, Metadata},
};

const SIGNATURE: usize = 8;
/// Length, name and checksum of a chunk.
const FRAME: usize = 12;
/// Ancillary chunks that depend on the pixels but stay true when these are turned or scaled.
const STILL_TRUE: [&[u8; 4]; 8] = [b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"pHYs"];
/// When the pixels were last changed, which is no longer then.
const STALE: &[u8; 4] = b"tIME";
const XMP: &[u8] = b"XML:com.adobe.xmp\0\0";

/// The chunks that outlive an edit.
pub(super) struct Chunks<'a>(Vec<(&'a [u8; 4], &'a [u8])>);

impl<'a> Chunks<'a> {
    pub(super) fn read(input: &'a [u8]) -> Self {
        Self(Walk(input.get(SIGNATURE..).unwrap_or_default()).filter(|(name, _)| outlives(**name)).collect())
    }

    pub(super) fn has_profile(&self) -> bool {
        self.0.iter().any(|(name, _)| *name == b"iCCP")
    }

    /// For a picture whose colours the profile no longer describes.
    pub(super) fn without_profile(mut self) -> Self {
        self.0.retain(|(name, _)| *name != b"iCCP");
        self
    }

    /// A picture with this metadata, corrected, instead of its own.
    pub(super) fn around(&self, body: &[u8], job: &Job<'_>) -> Vec<u8> {
        let length: usize = self.0.iter().map(|(_, data)| data.len() + FRAME).sum();
        let mut output = Vec::with_capacity(body.len() + length);
        output.extend_from_slice(body.get(..SIGNATURE).unwrap_or_default());
        for (name, data) in Walk(body.get(SIGNATURE..).unwrap_or_default()) {
            if !outlives(*name) && name != STALE {
                write(&mut output, *name, data);
            }
            if name == b"IHDR" {
                self.carry(&mut output, job);
            }
        }
        output
    }

    fn carry(&self, output: &mut Vec<u8>, job: &Job<'_>) {
        for &(name, data) in &self.0 {
            let mut data = data.to_vec();
            match name {
                b"eXIf" => exif::correct(&mut data, job.size),
                b"iTXt" if data.starts_with(XMP) && job.facts.orientation != 1 => {
                    exif::correct_xmp(&mut data);
                }
                b"pHYs" if job.turns().0.swap && data.len() > 8 => data[..8].rotate_left(4),
                _ => {}
            }
            write(output, *name, &data);
        }
    }
}

/// What a profile is called in a file that we make; its end, and the only way of compression.
const PROFILE_NAME: &[u8] = b"ICC profile\0\0";
/// Text without compression, language or translation.
const PLAIN_TEXT: &[u8] = b"\0\0\0\0\0";
/// The keyword of XMP with its end.
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";

/// What another format can carry of a file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    for (name, data) in Walk(input.get(SIGNATURE..).unwrap_or_default()) {
        match name {
            b"eXIf" => metadata.exif = metadata.exif.or_else(|| Some(data.to_vec())),
            b"iCCP" => metadata.profile = metadata.profile.or_else(|| profile(data)),
            b"iTXt" => metadata.xmp = metadata.xmp.or_else(|| xmp(data)),
            _ => {}
        }
    }
    metadata
}

fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().position(|&byte| byte == 0)?;
    inflated(data.get(name + 2..)?)
}

fn xmp(data: &[u8]) -> Option<Vec<u8>> {
    let [compressed, _method, tail @ ..] = data.strip_prefix(XMP_KEYWORD)? else { return None };
    // The language and the translated keyword, each up to its end.
    let text = tail.splitn(3, |&byte| byte == 0).nth(2)?;
    if *compressed == 0 { Some(text.to_vec()) } else { inflated(text) }
}

/// Nothing if it is damaged or longer than a profile may be.
fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    ZlibDecoder::new(data).take(MAX_PROFILE as u64 + 1).read_to_end(&mut inflated).ok()?;
    (inflated.len() <= MAX_PROFILE).then_some(inflated)
}

/// A file of nothing but metadata, for [`Chunks::around`].
pub(super) fn carrier(metadata: &Metadata) -> Vec<u8> {
    let mut file = vec![0; SIGNATURE];
    if let Some(profile) = &metadata.profile {
        let mut deflate = ZlibEncoder::new(PROFILE_NAME.to_vec(), Compression::default());
        if let Ok(data) = deflate.write_all(profile).and_then(|()| deflate.finish()) {
            write(&mut file, *b"iCCP", &data);
        }
    }
    if let Some(exif) = &metadata.exif {
        write(&mut file, *b"eXIf", exif);
    }
    if let Some(xmp) = &metadata.xmp {
        write(&mut file, *b"iTXt", &[XMP_KEYWORD, PLAIN_TEXT.get(1..).unwrap_or_default(), xmp].concat());
    }
    file
}

/// Ancillary, and either known to stay true or marked as safe to copy (PNG 5.4: a small fourth letter).
fn outlives(name: [u8; 4]) -> bool {
    let ancillary = name[0].is_ascii_lowercase();
    ancillary && name != *STALE && (name[3].is_ascii_lowercase() || STILL_TRUE.contains(&&name))
}

struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, tail) = self.0.split_first_chunk::<4>()?;
        let (name, tail) = tail.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = tail.get(..length)?;
        // Whatever follows the end is dropped.
        self.0 = if name == b"IEND" { &[] } else { tail.get(length + 4..)? };
        Some((name, data))
    }
}

fn write(output: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    output.extend((data.len() as u32).to_be_bytes());
    let start = output.len();
    output.extend(name);
    output.extend_from_slice(data);
    let checksum = crc32fast::hash(&output[start..]);
    output.extend(checksum.to_be_bytes());
}
