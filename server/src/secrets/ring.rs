//! The key file: one key a line, its name and 32 bytes in base64. The first line's key seals.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use nix::unistd::geteuid;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

/// What sealed texts begin with: the way in which they are sealed.
const VERSION: &str = "s1";
/// Bytes of a key and of its name.
const KEY_BYTES: usize = 32;
const NAME_BYTES: usize = 4;
/// The longest key file that is read: some 1,000 keys.
const MAX_FILE_BYTES: u64 = 64 << 10;
/// Only its owner reads it.
const MODE: u32 = 0o600;
/// What nobody else may have.
const OTHERS: u32 = 0o077;

/// Why a key file can't be used: one sentence each, for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, and the database holds what only it opens.
    #[error(
        "the key file {0} is missing, and the database holds secrets that only it opens: \
         put it back, or name it in ATALAYA_KEY_FILE"
    )]
    Missing(PathBuf),
    /// Others may read it.
    #[error("the key file {0} can be read by others: chmod 600 {0}")]
    Exposed(PathBuf),
    /// It is another user's.
    #[error("the key file {0} belongs to another user than the one who runs this program")]
    Foreign(PathBuf),
    /// Not a file of keys.
    #[error("the key file {0} is damaged: line {1} is no key")]
    Damaged(PathBuf, usize),
    /// The file system says no.
    #[error("the key file {0} can't be used: {1}")]
    Io(PathBuf, io::Error),
    /// The system gives no random bytes.
    #[error("the system's random number generator failed")]
    NoRandomness,
}

/// The keys of a file, in its order.
pub struct Ring(Vec<Key>);

struct Key {
    name: String,
    bytes: [u8; KEY_BYTES],
    aead: LessSafeKey,
}

impl Key {
    fn of(name: String, bytes: [u8; KEY_BYTES]) -> Option<Self> {
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?);
        Some(Self { name, bytes, aead })
    }

    fn fresh() -> Result<Self, Error> {
        let (mut name, mut bytes) = ([0; NAME_BYTES], [0; KEY_BYTES]);
        random(&mut name)?;
        random(&mut bytes)?;
        let name = name.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self::of(name, bytes).ok_or(Error::NoRandomness)
    }

    fn line(&self) -> String {
        format!("{} {}\n", self.name, BASE64_STANDARD.encode(self.bytes))
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, key) = line.split_once(' ')?;
        let named = name.len() == NAME_BYTES * 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = BASE64_STANDARD.decode(key.trim()).ok()?.try_into().ok()?;
        if named { Self::of(name.to_owned(), bytes) } else { None }
    }
}

impl Ring {
    /// Reads a file that its owner alone can read.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let failed = |error: io::Error| {
            let missing = error.kind() == ErrorKind::NotFound;
            if missing { Error::Missing(file.to_owned()) } else { Error::Io(file.to_owned(), error) }
        };
        let metadata = fs::metadata(file).map_err(failed)?;
        if metadata.mode() & OTHERS != 0 {
            return Err(Error::Exposed(file.to_owned()));
        }
        if metadata.uid() != geteuid().as_raw() {
            return Err(Error::Foreign(file.to_owned()));
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(Error::Damaged(file.to_owned(), 1));
        }
        let text = fs::read_to_string(file).map_err(failed)?;
        let keys = text
            .lines()
            .enumerate()
            .map(|(at, line)| Key::parse(line).ok_or_else(|| Error::Damaged(file.to_owned(), at + 1)));
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(Error::Damaged(file.to_owned(), 1)) } else { Ok(Self(keys)) }
    }

    /// Makes a file with one key; if another process was first, reads that one's.
    pub fn make(file: &Path) -> Result<Self, Error> {
        let ring = Self(vec![Key::fresh()?]);
        let draft = ring.draft(file)?;
        // Unlike a rename, a link never replaces what is there.
        let linked = fs::hard_link(&draft, file);
        // A draft that stays behind is a key that nobody uses.
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => synced(file).map(|()| ring),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::read(file),
            Err(error) => Err(Error::Io(file.to_owned(), error)),
        }
    }

    /// Puts these keys in the place of those in the file, at once or not at all.
    pub fn write(&self, file: &Path) -> Result<(), Error> {
        let draft = self.draft(file)?;
        fs::rename(&draft, file).map_err(|error| Error::Io(file.to_owned(), error))?;
        synced(file)
    }

    /// A file beside the one meant, whole and on the disk.
    fn draft(&self, file: &Path) -> Result<PathBuf, Error> {
        let mut suffix = [0; NAME_BYTES];
        random(&mut suffix)?;
        let mut draft = file.as_os_str().to_owned();
        draft.push(format!(".{}", BASE64_URL_SAFE_NO_PAD.encode(suffix)));
        let draft = PathBuf::from(draft);
        let written = || {
            let mut open = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
            for key in &self.0 {
                open.write_all(key.line().as_bytes())?;
            }
            open.sync_all()
        };
        written().map(|()| draft.clone()).map_err(|error| Error::Io(draft, error))
    }

    /// The same keys behind a new one.
    pub fn with_fresh_key(mut self) -> Result<Self, Error> {
        self.0.insert(0, Key::fresh()?);
        Ok(self)
    }

    /// The name of the key that seals.
    pub fn sealing_key(&self) -> &str {
        self.0.first().map_or("", |key| &key.name)
    }

    /// The names of the keys, the sealing one first.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &*key.name)
    }

    /// Seals a text that opens only beside the same `bound`.
    pub fn seal(&self, bound: &str, plain: &[u8]) -> Result<String, Error> {
        let key = self.0.first().ok_or(Error::NoRandomness)?;
        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(bound.as_bytes());
        let nonce_once = Nonce::assume_unique_for_key(nonce);
        key.aead.seal_in_place_append_tag(nonce_once, aad, &mut sealed).map_err(|_| Error::NoRandomness)?;
        let bytes = [&nonce[..], &sealed].concat();
        Ok(format!("{VERSION}.{}.{}", key.name, BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens what one of these keys has sealed for `bound`.
    pub fn open(&self, bound: &str, sealed: &str) -> Option<Vec<u8>> {
        let key = self.0.iter().find(|key| key_of(sealed) == Some(&key.name))?;
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed.rsplit('.').next()?).ok()?;
        let (nonce, rest) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.aead.open_in_place(nonce, Aad::from(bound.as_bytes()), rest).ok()?;
        Some(plain.to_vec())
    }

    /// Whether one of these keys has sealed it, or it is no sealed text at all.
    pub fn knows(&self, sealed: &str) -> bool {
        key_of(sealed).is_none_or(|name| self.keys().any(|known| known == name))
    }
}

/// The name of the key that sealed a text.
pub(super) fn key_of(sealed: &str) -> Option<&str> {
    sealed.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.').map(|(name, _)| name)
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::NoRandomness)
}

/// Puts a file's name on the disk.
fn synced(file: &Path) -> Result<(), Error> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let done = File::open(folder).and_then(|folder| folder.sync_all());
    done.map_err(|error| Error::Io(file.to_owned(), error))
}
