//! Files whose writing was cut off by a crash. `object_store` writes `KEY#NUMBER` and renames it to `KEY`
//! when it is whole; it hides such names from its lists, so they are looked for in the file system.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

/// Deletes unfinished files below `folder` that were last written `age` ago or earlier; how many. What can't
/// be deleted is told and keeps no other file; what is gone already was finished, or swept by another process.
pub(super) fn sweep(folder: &Path, now: SystemTime, age: Duration) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        match sweep_entry(&entry, now, age) {
            Ok(count) => swept += count,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("{} could not be swept: {error}", entry.path().display()),
        }
    }
    Ok(swept)
}

fn sweep_entry(entry: &fs::DirEntry, now: SystemTime, age: Duration) -> io::Result<u64> {
    // Symbolic links are not followed, and a folder of images is one level deep.
    if entry.file_type()?.is_dir() {
        return sweep(&entry.path(), now, age);
    }
    if !is_unfinished(&entry.file_name().to_string_lossy()) || !is_older(entry, now, age)? {
        return Ok(0);
    }
    fs::remove_file(entry.path())?;
    Ok(1)
}

fn is_unfinished(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn is_older(entry: &fs::DirEntry, now: SystemTime, age: Duration) -> io::Result<bool> {
    let written = entry.metadata()?.modified()?;
    Ok(now.duration_since(written).is_ok_and(|since| since >= age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_unfinished_files_go_and_all_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::create_dir(&image).unwrap();
        for name in ["whole", "half#1", "half#12", "odd#x", "odd#"] {
            fs::write(image.join(name), b"x").unwrap();
        }
        let written = image.join("half#1").metadata().unwrap().modified().unwrap();
        let hour = Duration::from_hours(1);
        assert_eq!(sweep(folder.path(), written, hour).unwrap(), 0);
        assert_eq!(sweep(folder.path(), written + hour * 2, hour).unwrap(), 2);
        let mut left: Vec<_> =
            fs::read_dir(&image).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["odd#", "odd#x", "whole"]);
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sweep(&folder.path().join("none"), SystemTime::UNIX_EPOCH, Duration::ZERO).unwrap(), 0);
    }
}
