//! The screenshots of a scan, read back from their folder.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use crate::scans::record::Screenshot;

/// Bytes of a screenshot; a larger one is in no report. A page of 1280x720 pixels with photographs has one or two
/// million.
pub const PICTURE_BYTES: u64 = 4 * 1024 * 1024;
/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Where the screenshots of a scan are.
#[derive(Debug, Clone, Default)]
pub struct Pictures(Option<PathBuf>);

impl Pictures {
    /// Of a scan without any.
    pub fn none() -> Self {
        Self(None)
    }

    /// Those of a folder.
    pub fn of(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// The bytes of one; `None` if it isn't there, or isn't what a browser of ours has written. Nothing is decoded.
    pub fn read(&self, screenshot: &Screenshot) -> Option<Vec<u8>> {
        let path = self.0.as_ref().filter(|_| is_name(&screenshot.file))?.join(&screenshot.file);
        let plain = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        let bytes = (plain.len() <= PICTURE_BYTES).then(|| read(&path))?.ok()?;
        (bytes.starts_with(PNG) && bytes.len() as u64 <= PICTURE_BYTES).then_some(bytes)
    }
}

fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PICTURE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a name is one that we give, and not a path to elsewhere.
pub(super) fn is_name(name: &str) -> bool {
    let stem = name.strip_suffix(".png").unwrap_or_default();
    !stem.is_empty() && stem.len() < 100 && stem.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn named(file: &str) -> Screenshot {
        Screenshot { file: file.to_owned(), width: 1280, height: 720, url: String::new() }
    }

    #[test]
    fn only_pictures_of_ours_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        let png = [PNG, b"rest"].concat();
        fs::write(below.join("a_1.png"), &png).expect("a file");
        fs::write(folder.path().join("secret.png"), &png).expect("a file");
        fs::write(below.join("b.png"), b"<html>").expect("a file");
        fs::write(below.join("c.png"), [PNG, &vec![0; PICTURE_BYTES as usize]].concat()).expect("a file");
        symlink(folder.path().join("secret.png"), below.join("d.png")).expect("a link");
        fs::create_dir(below.join("e.png")).expect("a folder");

        let pictures = Pictures::of(below);
        assert_eq!(pictures.read(&named("a_1.png")), Some(png));
        for name in
            ["b.png", "c.png", "d.png", "e.png", "f.png", "../secret.png", "", ".png", "a_1", "/etc/passwd"]
        {
            assert_eq!(pictures.read(&named(name)), None, "{name}");
        }
        assert_eq!(Pictures::none().read(&named("a_1.png")), None);
    }
}
