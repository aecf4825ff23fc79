//! How the files of a report are called. sneakyscanner: `scan_report_YYYYMMDD_HHMMSS.json`, `.html` and `.zip`, and
//! `scan_report_YYYYMMDD_HHMMSS_screenshots/192_168_1_10_443.png`.

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Form;
use crate::scans::record::Moment;

/// How many seconds after its own a scan looks for a name that no other scan has.
const TRIES: i64 = 60;

/// What names begin with, and those of folders of screenshots end with.
const START: &str = "scan_report_";
const SCREENSHOTS: &str = "_screenshots";

/// The names of one report's files, all below one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(String);

impl Names {
    /// Of the report of a scan that began then.
    pub fn at(moment: Moment) -> Self {
        Self(moment.date_time().format("scan_report_%Y%m%d_%H%M%S").to_string())
    }

    /// Takes names in a folder that no other report has, and makes the folder of screenshots for them: those of the
    /// moment, or if another scan began in the same second, those of the next second that is free.
    pub fn reserve(folder: &Path, moment: Moment) -> io::Result<Self> {
        for later in 0..TRIES {
            let names = Self::at(Moment::from_seconds(moment.seconds() + later));
            match fs::create_dir(folder.join(names.screenshots())) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                // A report without pictures has left its files alone.
                Ok(()) if names.are_used(folder)? => fs::remove_dir(folder.join(names.screenshots()))?,
                Ok(()) => return Ok(names),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Whether there is a file of one of these names.
    fn are_used(&self, folder: &Path) -> io::Result<bool> {
        let exist = [Form::Json, Form::Html, Form::Zip].map(|form| folder.join(self.file(form)).try_exists());
        exist.into_iter().try_fold(false, |any, exists| Ok(any || exists?))
    }

    /// What they begin with, such as `scan_report_20251114_103000`.
    pub fn stem(&self) -> &str {
        &self.0
    }

    /// Those of a report that was written before, by their stem.
    pub fn stored(stem: String) -> Self {
        Self(stem)
    }

    /// A form's file, such as `scan_report_20251114_103000.html`.
    pub fn file(&self, form: Form) -> String {
        let end = match form {
            Form::Json => "json",
            Form::Html => "html",
            Form::Csv => "csv",
            Form::Zip => "zip",
        };
        format!("{}.{end}", self.0)
    }

    /// The folder of screenshots, such as `scan_report_20251114_103000_screenshots`.
    pub fn screenshots(&self) -> String {
        format!("{}{SCREENSHOTS}", self.0)
    }

    /// Folders of screenshots that have no report, and that nobody has put a picture into since then.
    pub fn abandoned(folder: &Path, since: SystemTime) -> io::Result<Vec<PathBuf>> {
        let mut abandoned = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(SCREENSHOTS));
            let Some(stem) = stem.filter(|stem| stem.starts_with(START)) else { continue };
            let is_old = entry.metadata()?.modified()? < since;
            if is_old && !Self::stored(stem.to_owned()).are_used(folder)? {
                abandoned.push(entry.path());
            }
        }
        Ok(abandoned)
    }

    /// The file of a screenshot within its folder, such as `192_168_1_10_443.png` or `2001_db8__1_443.png`.
    pub fn screenshot(address: IpAddr, port: u16) -> String {
        format!("{}_{port}.png", address.to_string().replace(['.', ':'], "_"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scans::testing::now;

    #[test]
    fn names_are_those_of_the_documentation() {
        let names = Names::at(now());
        assert_eq!(names.file(Form::Json), "scan_report_20251114_103000.json");
        assert_eq!(names.file(Form::Html), "scan_report_20251114_103000.html");
        assert_eq!(names.file(Form::Zip), "scan_report_20251114_103000.zip");
        assert_eq!(names.screenshots(), "scan_report_20251114_103000_screenshots");
        let name = |address: &str| Names::screenshot(address.parse().expect("an address"), 443);
        assert_eq!(name("192.168.1.10"), "192_168_1_10_443.png");
        assert_eq!(name("2001:db8::1"), "2001_db8__1_443.png");
    }

    #[test]
    fn pictures_without_a_report_are_abandoned_when_they_are_old() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["scan_report_1_screenshots", "scan_report_2_screenshots", "holidays_screenshots"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fs::write(folder.path().join("scan_report_2.html"), "").expect("a file");
        let of = |since| Names::abandoned(folder.path(), since).expect("a list");
        assert!(of(SystemTime::UNIX_EPOCH).is_empty());
        let made = fs::metadata(folder.path().join("scan_report_1_screenshots")).expect("a folder");
        let later = made.modified().expect("a time") + Duration::from_mins(1);
        assert_eq!(of(later), [folder.path().join("scan_report_1_screenshots")]);
        assert!(Names::abandoned(&folder.path().join("missing"), later).is_err());
    }

    #[test]
    fn scans_of_the_same_second_have_names_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken: Vec<_> =
            (0..3).map(|_| Names::reserve(folder.path(), now()).expect("names").file(Form::Json)).collect();
        let ends: Vec<_> = taken.iter().map(|name| &name[name.len() - 11..]).collect();
        assert_eq!(ends, ["103000.json", "103001.json", "103002.json"]);
        // A report without pictures has no folder any more.
        fs::write(folder.path().join("scan_report_20251114_103003.zip"), "").expect("a file");
        let next = Names::reserve(folder.path(), now()).expect("names");
        assert_eq!(next.file(Form::Json), "scan_report_20251114_103004.json");
        for second in 5..TRIES {
            let names = Names::at(Moment::from_seconds(now().seconds() + second));
            fs::create_dir(folder.path().join(names.screenshots())).expect("a folder");
        }
        let full = Names::reserve(folder.path(), now()).map_err(|error| error.kind());
        assert_eq!(full, Err(io::ErrorKind::AlreadyExists));
        assert!(Names::reserve(&folder.path().join("missing"), now()).is_err());
    }
}
