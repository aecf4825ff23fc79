//! The folder of configurations, which nothing leads out of.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
};

use super::MAX_BYTES;

/// Where the documents of this API say that configurations lie.
const DOCUMENTED: &str = "/app/configs";
/// Longest path of a configuration, in bytes.
const MAX_PATH: usize = 1024;
/// What is in the folder at first.
const EXAMPLE: &str = include_str!("example-site.yaml");
const EXAMPLE_NAME: &str = "example-site.yaml";

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It would lie outside.
    #[error("the path leads out of the folder of configurations")]
    Outside,
    /// There is none, or no regular file.
    #[error("there is no such file")]
    Missing,
    /// Larger than a configuration is.
    #[error("a configuration has at most {MAX_BYTES} bytes")]
    TooLarge,
    /// Not text.
    #[error("the file is not UTF-8")]
    NoText,
    /// It can't be read.
    #[error("the file can't be read")]
    Unreadable(#[source] io::Error),
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// At this path. One that is not there is made, with an example in it.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !path.exists() {
            fs::create_dir_all(path)?;
            fs::write(path.join(EXAMPLE_NAME), EXAMPLE)?;
        }
        Ok(Self(path.to_owned()))
    }

    /// The text of a configuration: by its name, a relative path, or a path that begins with `/app/configs/` or the
    /// folder's own. Symbolic links are not followed, wherever they lead.
    pub fn read(&self, path: &str) -> Result<String, Unread> {
        let path = self.inside(path)?;
        let file = self.open_file(&path)?;
        if !file.metadata().map_err(Unread::Unreadable)?.is_file() {
            return Err(Unread::Missing);
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Unread::Unreadable)?;
        if bytes.len() > MAX_BYTES {
            return Err(Unread::TooLarge);
        }
        String::from_utf8(bytes).map_err(|_| Unread::NoText)
    }

    /// The path within the folder that a caller means.
    fn inside(&self, path: &str) -> Result<PathBuf, Unread> {
        if path.len() > MAX_PATH || path.contains('\0') {
            return Err(Unread::Outside);
        }
        let path = Path::new(path);
        let relative = path.strip_prefix(DOCUMENTED).or_else(|_| path.strip_prefix(&self.0)).unwrap_or(path);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if relative.as_os_str().is_empty() || !relative.components().all(is_inside) {
            return Err(Unread::Outside);
        }
        Ok(relative.to_owned())
    }

    /// Opens a file as the kernel sees to it: beneath the folder and through no link (openat2(2)).
    fn open_file(&self, path: &Path) -> Result<File, Unread> {
        let folder = File::open(&self.0).map_err(Unread::Unreadable)?;
        // Without waiting, so that a pipe in the folder blocks nobody.
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        match openat2(&folder, path, how) {
            Ok(file) => Ok(file.into()),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ENXIO) => Err(Unread::Missing),
            Err(Errno::ELOOP | Errno::EXDEV) => Err(Unread::Outside),
            Err(errno) => Err(Unread::Unreadable(errno.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::scans::site_config::parse;

    fn folder() -> (tempfile::TempDir, Folder) {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(&scratch.path().join("configs")).expect("the folder");
        (scratch, folder)
    }

    #[test]
    fn a_new_folder_has_an_example_that_is_a_configuration() {
        let (_scratch, folder) = folder();
        for path in ["example-site.yaml", "./example-site.yaml", "/app/configs/example-site.yaml"] {
            assert_eq!(folder.read(path).expect("the example"), EXAMPLE, "{path}");
        }
        let own = folder.0.join(EXAMPLE_NAME);
        assert!(folder.read(own.to_str().expect("UTF-8")).is_ok());
        assert!(parse(EXAMPLE).is_ok(), "{:?}", parse(EXAMPLE));
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        let (scratch, folder) = folder();
        let secret = scratch.path().join("secret.yaml");
        fs::write(&secret, "title: secret").expect("a file");
        fs::create_dir(folder.0.join("sub")).expect("a folder");
        symlink(&secret, folder.0.join("link.yaml")).expect("a link");
        symlink(folder.0.join(EXAMPLE_NAME), folder.0.join("inner.yaml")).expect("a link");
        symlink("..", folder.0.join("sub/up")).expect("a link");
        for path in [
            "../secret.yaml",
            "sub/../../secret.yaml",
            "sub/../example-site.yaml",
            "/app/configs/../secret.yaml",
            "/app/configs",
            "/etc/passwd",
            "/app/configsx/a.yaml",
            "link.yaml",
            "inner.yaml",
            "sub/up/example-site.yaml",
            "",
            "a\0b",
            &"a/".repeat(600),
        ] {
            assert!(matches!(folder.read(path), Err(Unread::Outside)), "{path:?} {:?}", folder.read(path));
        }
        for path in ["missing.yaml", "sub", "example-site.yaml/x"] {
            assert!(matches!(folder.read(path), Err(Unread::Missing)), "{path:?} {:?}", folder.read(path));
        }
    }

    #[test]
    fn files_that_are_no_configurations_are_not_read_whole() {
        let (_scratch, folder) = folder();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.0.join(name), bytes).expect("a file");
        put("large.yaml", &vec![b'#'; 10 << 20]);
        put("binary.yaml", &[0xff, 0xfe]);
        nix::unistd::mkfifo(&folder.0.join("pipe.yaml"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        assert!(matches!(folder.read("large.yaml"), Err(Unread::TooLarge)));
        assert!(matches!(folder.read("binary.yaml"), Err(Unread::NoText)));
        assert!(matches!(folder.read("pipe.yaml"), Err(Unread::Missing)));
    }
}
