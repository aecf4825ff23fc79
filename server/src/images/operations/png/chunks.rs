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
/// What the picture is made of, and what depends on its samples (PNG 3, chapter 11).
const PICTURE: [&[u8; 4]; 8] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"bKGD", b"hIST"];
/// What stays true whatever becomes of the pixels.
const STILL_TRUE: [&[u8; 4]; 9] =
    [b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"pHYs", EXIF];
const EXIF: &[u8; 4] = b"eXIf";
const TEXTS: [&[u8; 4]; 3] = [b"tEXt", b"zTXt", b"iTXt"];
/// Texts that go along, by their keywords (PNG 3, 11.3.3.2). Others may be anything, such as EXIF in hexadecimal digits.
const KEYWORDS: [&[u8]; 6] =
    [b"Title\0", b"Author\0", b"Description\0", b"Copyright\0", b"Creation Time\0", b"Software\0"];

/// The chunks that outlive an edit.
pub(super) struct Chunks<'a>(Vec<(&'a [u8; 4], &'a [u8])>);

impl<'a> Chunks<'a> {
    pub(super) fn read(input: &'a [u8]) -> Self {
        Self(
            Walk(input.get(SIGNATURE..).unwrap_or_default())
                .filter(|(name, data)| outlives(**name, data))
                .collect(),
        )
    }

    pub(super) fn has_profile(&self) -> bool {
        self.0.iter().any(|(name, _)| *name == b"iCCP")
    }

    /// For a picture whose colours the profile no longer describes.
    pub(super) fn without_profile(mut self) -> Self {
        self.0.retain(|(name, _)| *name != b"iCCP");
        self
    }

    /// A picture with what is harmless of this metadata, instead of its own.
    pub(super) fn around(&self, body: &[u8], job: &Job<'_>) -> Vec<u8> {
        let length: usize = self.0.iter().map(|(_, data)| data.len() + FRAME).sum();
        let mut output = Vec::with_capacity(body.len() + length);
        output.extend_from_slice(body.get(..SIGNATURE).unwrap_or_default());
        for (name, data) in Walk(body.get(SIGNATURE..).unwrap_or_default()) {
            if PICTURE.contains(&name) {
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
                EXIF => match exif::harmless(&data, job.size, job.lies) {
                    Some(exif) => data = exif,
                    None => continue,
                },
                b"pHYs" if job.turns().0.swap && data.len() > 8 => data[..8].rotate_left(4),
                _ => {}
            }
            write(output, *name, &data);
        }
    }
}

/// What a profile is called in a file that we make; its end, and the only way of compression.
const PROFILE_NAME: &[u8] = b"ICC profile\0\0";

/// What another format can carry of a file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    for (name, data) in Walk(input.get(SIGNATURE..).unwrap_or_default()) {
        match name {
            EXIF => metadata.exif = metadata.exif.or_else(|| Some(data.to_vec())),
            b"iCCP" => metadata.profile = metadata.profile.or_else(|| profile(data)),
            _ => {}
        }
    }
    metadata
}

fn profile(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().position(|&byte| byte == 0)?;
    inflated(data.get(name + 2..)?)
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
        write(&mut file, *EXIF, exif);
    }
    file
}

/// Whether a chunk goes along with the edited picture.
fn outlives(name: [u8; 4], data: &[u8]) -> bool {
    let named = || KEYWORDS.iter().any(|keyword| data.starts_with(keyword));
    STILL_TRUE.contains(&&name) || (TEXTS.contains(&&name) && named())
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
