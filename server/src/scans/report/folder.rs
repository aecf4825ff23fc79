//! The files of a report in the folder of reports: all of them, or none.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Form, Material, Names, write};

/// What a file ends with until all files are whole.
const PART: &str = "part";

/// Why a report was not stored. Nothing of it is left in the folder.
#[derive(Debug, thiserror::Error)]
#[error("could not write {}: {source}", file.display())]
pub struct Error {
    /// The file.
    pub file: PathBuf,
    /// Why; a full disk is [`io::ErrorKind::StorageFull`].
    pub source: io::Error,
}

/// The files of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The JSON report.
    pub json: PathBuf,
    /// The page for people.
    pub html: PathBuf,
    /// Everything, with the screenshots.
    pub zip: PathBuf,
}

/// Writes a report as JSON, page and archive into a folder. It blocks.
///
/// The files appear when all of them are on the disk, and not before: a reader sees no half of one, and a full disk
/// leaves none.
pub fn keep(material: &Material<'_>, names: &Names, folder: &Path) -> Result<Written, Error> {
    let file = |form| folder.join(names.file(form));
    let (json, html, zip) = (file(Form::Json), file(Form::Html), file(Form::Zip));
    let forms = [(&json, Form::Json), (&html, Form::Html), (&zip, Form::Zip)];
    let files: Vec<_> = forms.iter().map(|(path, _)| path.as_path()).collect();
    all_or_none(&files, |at, out| write(material, forms[at].1, names, out))?;
    Ok(Written { json, html, zip })
}

/// Writes files by their numbers, and gives them their names when all are whole.
fn all_or_none(
    files: &[&Path],
    write: impl Fn(usize, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |source| Error { file, source }
    };
    let mut parts = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let part = Part(file.with_added_extension(PART));
        part.fill(|out| write(at, out)).map_err(failed(file))?;
        parts.push(part);
    }
    let mut named = Vec::new();
    for (part, file) in parts.iter().zip(files) {
        fs::rename(&part.0, file).map_err(failed(file))?;
        named.push(Part((*file).to_owned()));
    }
    named.into_iter().for_each(Part::keep);
    parts.into_iter().for_each(Part::keep);
    if let Some(folder) = files.first().and_then(|file| file.parent()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    }
    Ok(())
}

/// A file that is deleted unless it is kept.
struct Part(PathBuf);

impl Part {
    /// Writes the file anew, to the disk.
    fn fill(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&self.0)?;
        write(&mut file)?;
        file.sync_all()
    }

    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may never have been made.
        fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_appear_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a.json", "a.html", "a.zip"].map(|name| folder.path().join(name));
        let paths = paths.each_ref().map(PathBuf::as_path);
        for bad in 0..3 {
            let error = all_or_none(&paths, |at, out| {
                out.write_all(b"half")?;
                if at == bad { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
            });
            let error = error.expect_err("full");
            assert_eq!((error.file.as_path(), error.source.kind()), (paths[bad], io::ErrorKind::StorageFull));
            assert!(listed(folder.path()).is_empty());
        }
        all_or_none(&paths, |at, out| write!(out, "{at}")).expect("written");
        assert_eq!(listed(folder.path()), ["a.html", "a.json", "a.zip"]);
        assert_eq!(fs::read_to_string(paths[2]).expect("a file"), "2");
    }

    #[test]
    fn a_name_that_can_not_be_given_takes_the_others_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a.json", "a.html"].map(|name| folder.path().join(name));
        fs::create_dir(&paths[1]).expect("a folder in the way");
        let paths = paths.each_ref().map(PathBuf::as_path);
        let error = all_or_none(&paths, |_, out| out.write_all(b"x")).expect_err("in the way");
        assert_eq!(error.file, paths[1]);
        assert_eq!(listed(folder.path()), ["a.html"]);
    }
}
