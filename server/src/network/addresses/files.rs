//! The files of a folder, as they were when they were read.

use std::{
    fs::{self, Metadata},
    io::Read,
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    time::SystemTime,
};

use super::{
    attribution,
    mmdb::Mmdb,
    model::{Finding, Source, clean},
    ranges::Ranges,
};

/// Most files of a folder that are read.
const MAX_FILES: usize = 32;
/// Most bytes of a file: the largest free files of cities have some 130 MB.
const MAX_BYTES: u64 = 512 << 20;

/// Every file that is read, in the order of their names.
#[derive(Default)]
pub(super) struct Files(Vec<Arc<File>>);

struct File {
    name: String,
    stamp: Stamp,
    /// What its name says of when it was made.
    dated: Option<SystemTime>,
    content: Result<Content, String>,
}

enum Content {
    Mmdb(Mmdb),
    Ranges(Ranges),
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
    inode: (u64, u64),
}

impl Files {
    /// Reads what is new in a folder; the rest stays as it is in `old`. Without a folder there is none.
    pub(super) fn read(folder: &Path, old: &Self) -> Self {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| is_data(name));
        names.sort();
        if names.len() > MAX_FILES {
            tracing::warn!(count = names.len(), "more files about addresses than are read: {MAX_FILES}");
            names.truncate(MAX_FILES);
        }
        Self(names.into_iter().filter_map(|name| old.file(folder, name)).collect())
    }

    /// A file, of its name; the old one if it has not changed.
    fn file(&self, folder: &Path, name: String) -> Option<Arc<File>> {
        let path = folder.join(&name);
        let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        let stamp = Stamp::of(&metadata);
        let same = |file: &&Arc<File>| file.name == name && file.stamp == stamp;
        if let Some(file) = self.0.iter().find(same) {
            return Some(Arc::clone(file));
        }
        let content = content(&path, &name);
        match &content {
            Ok(_) => tracing::info!(file = %name, bytes = stamp.bytes, "data about addresses is read"),
            Err(why) => tracing::warn!(file = %name, "data about addresses can't be read: {why}"),
        }
        Some(Arc::new(File { dated: date_in(&name), name, stamp, content }))
    }

    /// What they say of an address, and which of them say nothing because they are broken.
    pub(super) fn find(&self, address: IpAddr) -> (Vec<Finding>, Vec<String>) {
        let (mut findings, mut failures) = (Vec::new(), Vec::new());
        for file in &self.0 {
            match file.find(address) {
                Ok(finding) => findings.push(finding),
                Err(why) => failures.push(format!("{}: {why}", clean(&file.name))),
            }
        }
        (findings, failures)
    }
}

impl File {
    fn find(&self, address: IpAddr) -> Result<Finding, String> {
        let (data_time, kind, (location, network)) = match &self.content {
            Ok(Content::Mmdb(mmdb)) => (mmdb.data_time(), mmdb.kind(), mmdb.find(address)?),
            Ok(Content::Ranges(ranges)) => (None, "", ranges.find(address)),
            Err(why) => return Err(why.clone()),
        };
        let source = Source {
            name: clean(&self.name),
            data_time: data_time.or(self.dated),
            attribution: attribution::of(&self.name, kind).to_owned(),
        };
        Ok(Finding { source, location, network })
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

fn is_data(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str());
    end.is_some_and(|end| end.eq_ignore_ascii_case("mmdb") || end.eq_ignore_ascii_case("csv"))
}

fn content(path: &Path, name: &str) -> Result<Content, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.kind().to_string())?;
    // One more than may be: a file that grows meanwhile is found out too.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.kind().to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    if name.to_ascii_lowercase().ends_with(".mmdb") {
        Mmdb::open(bytes).map(Content::Mmdb)
    } else {
        Ranges::open(&bytes).map(Content::Ranges)
    }
}

/// A date in a name, such as in `asn-ipv4-2026-06-17.csv`.
fn date_in(name: &str) -> Option<SystemTime> {
    let bytes = name.as_bytes();
    let dates = (0..bytes.len()).filter_map(|at| name.get(at..at + 10));
    dates
        .filter(|text| text.is_ascii() && text.as_bytes()[4] == b'-')
        .find_map(|text| humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(files: &Files, address: &str) -> String {
        let (findings, _) = files.find(address.parse().expect("an address"));
        findings.into_iter().map(|finding| finding.location.country_code).collect()
    }

    #[test]
    fn only_what_has_changed_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        write("a.csv", "1.0.0.0,1.0.0.255,AU\n");
        write("b.csv", "1.0.0.0,1.0.0.255,NZ\n");
        write("notes.txt", "1.0.0.0,1.0.0.255,FR\n");
        let first = Files::read(folder.path(), &Files::default());
        assert_eq!(country(&first, "1.0.0.1"), "AUNZ");
        write("b.csv", "1.0.0.0,1.0.0.255,DE\n1.1.0.0,1.1.0.255,DE\n");
        let second = Files::read(folder.path(), &first);
        assert_eq!(country(&second, "1.0.0.1"), "AUDE");
        assert!(Arc::ptr_eq(&first.0[0], &second.0[0]) && !Arc::ptr_eq(&first.0[1], &second.0[1]));
        fs::remove_file(folder.path().join("a.csv")).expect("gone");
        assert_eq!(country(&Files::read(folder.path(), &second), "1.0.0.1"), "DE");
        assert!(Files::read(&folder.path().join("nothing"), &second).0.is_empty());
    }

    #[test]
    fn a_broken_file_is_named_and_the_others_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.mmdb"), "rubbish").expect("a file");
        fs::write(folder.path().join("b.csv"), "1.0.0.0,1.0.0.255,AU\n").expect("a file");
        fs::create_dir(folder.path().join("c.csv")).expect("a folder");
        let files = Files::read(folder.path(), &Files::default());
        let (findings, failures) = files.find("1.0.0.1".parse().expect("an address"));
        assert_eq!((findings.len(), failures.len()), (1, 1));
        assert!(failures[0].starts_with("a.mmdb: "), "{failures:?}");
    }

    #[test]
    fn a_name_may_tell_when_its_data_was_made() {
        let day = |name: &str| date_in(name).map(|time| humantime::format_rfc3339_seconds(time).to_string());
        assert_eq!(day("asn-ipv4-2026-06-17.csv").as_deref(), Some("2026-06-17T00:00:00Z"));
        for name in ["asn-ipv4.csv", "2026-13-40.csv", "ä-20-06-17.csv", "1234567890.csv"] {
            assert_eq!(day(name), None, "{name}");
        }
    }
}
