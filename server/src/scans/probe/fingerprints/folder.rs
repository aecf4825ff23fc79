//! The operator's own files.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::Unloaded;

/// Most files in a folder.
const MAX_FILES: usize = 128;
/// Most bytes of a file; recog's largest has a fifth of it.
const MAX_FILE: u64 = 4 << 20;
/// Most bytes of all.
const MAX_ALL: u64 = 32 << 20;

/// A file's name, and its text or why it has none for us.
pub(super) type Named = (String, Result<String, String>);

/// The `.xml` files of a folder in the order of their names.
pub(super) fn files(folder: &Path) -> Result<Vec<Named>, Unloaded> {
    let unreadable = |error| Unloaded::Unreadable(folder.to_owned(), error);
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "xml") {
            paths.push(path);
        }
        if paths.len() > MAX_FILES {
            return Err(Unloaded::TooMuch(folder.to_owned(), format!("{MAX_FILES} files")));
        }
    }
    paths.sort();
    let mut left = MAX_ALL;
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = text(&path);
        left = left
            .checked_sub(text.as_ref().map_or(0, |text| text.len() as u64))
            .ok_or_else(|| Unloaded::TooMuch(folder.to_owned(), format!("{MAX_ALL} bytes")))?;
        files.push((name, text));
    }
    Ok(files)
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err("it is no file".to_owned());
    }
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}
