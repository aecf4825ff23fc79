//! What parent and child say to each other: small headers of fixed length, raw bytes behind them.
//!
//! A job is the work's text, its length (u32, little-endian) before it, and files. Files are their number (u8) and
//! each with its length (u64) before it. An answer is a letter: `P` and thousandths (u16); `R` and files; `F`,
//! length (u32), sentence.

use std::io::{self, Read, Write};

/// Longest text of a job's work, in bytes.
pub(super) const MAX_TEXT: usize = 4096;
/// Most files of a job or an answer.
pub(super) const MAX_FILES: usize = 16;
/// Longest file that a child reads or writes, in bytes.
pub(super) const MAX_FILE: usize = 256 << 20;
/// Longest sentence of a failure, in bytes.
pub(super) const MAX_SENTENCE: usize = 1024;

/// Followed by thousandths.
pub(super) const PROGRESS: u8 = b'P';
/// Followed by the result's files.
pub(super) const RESULT: u8 = b'R';
/// Followed by a sentence.
pub(super) const FAILURE: u8 = b'F';

/// What comes before the files of a job.
pub(super) fn job_header(text: &str, files: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(5 + text.len());
    header.extend((text.len() as u32).to_le_bytes());
    header.extend(text.as_bytes());
    header.push(files as u8);
    header
}

/// What comes before a file.
pub(super) fn file_header(file: &[u8]) -> [u8; 8] {
    (file.len() as u64).to_le_bytes()
}

/// Reads a job: the work's text and the files. Answers nothing at the end of the input.
pub(super) fn read_job(from: &mut impl Read) -> io::Result<Option<(String, Vec<Vec<u8>>)>> {
    let mut length = [0; 4];
    if from.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..])?;
    let text = read_bytes(from, u32::from_le_bytes(length) as usize, MAX_TEXT)?;
    let text = String::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut number = [0];
    from.read_exact(&mut number)?;
    if usize::from(number[0]) > MAX_FILES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let files = (0..number[0]).map(|_| read_file(from)).collect::<io::Result<_>>()?;
    Ok(Some((text, files)))
}

fn read_file(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    read_bytes(from, u64::from_le_bytes(length) as usize, MAX_FILE)
}

fn read_bytes(from: &mut impl Read, length: usize, most: usize) -> io::Result<Vec<u8>> {
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Says how far a job is.
pub(super) fn write_progress(to: &mut impl Write, permille: u16) -> io::Result<()> {
    let [low, high] = permille.to_le_bytes();
    to.write_all(&[PROGRESS, low, high])?;
    to.flush()
}

/// Whether a result is one that the parent takes.
pub(super) fn fits(files: &[Vec<u8>]) -> bool {
    files.len() <= MAX_FILES && files.iter().all(|file| file.len() <= MAX_FILE)
}

/// Hands a job's result over, which [`fits`].
pub(super) fn write_result(to: &mut impl Write, files: &[Vec<u8>]) -> io::Result<()> {
    to.write_all(&[RESULT, files.len() as u8])?;
    for file in files {
        to.write_all(&file_header(file))?;
        to.write_all(file)?;
    }
    to.flush()
}

/// Says why a job has no result.
pub(super) fn write_failure(to: &mut impl Write, sentence: &str) -> io::Result<()> {
    let mut answer = vec![FAILURE];
    answer.extend((sentence.len() as u32).to_le_bytes());
    answer.extend(sentence.as_bytes());
    to.write_all(&answer)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read_one_after_the_other_until_the_end() {
        let mut bytes = Vec::new();
        for (text, files) in [("rotate_image 90", &[&b"first"[..], b"second"][..]), ("grayscale_image", &[])]
        {
            bytes.extend(job_header(text, files.len()));
            for file in files {
                bytes.extend(file_header(file));
                bytes.extend(*file);
            }
        }
        let mut from = bytes.as_slice();
        let files = vec![b"first".to_vec(), b"second".to_vec()];
        assert_eq!(read_job(&mut from).unwrap(), Some(("rotate_image 90".to_owned(), files)));
        assert_eq!(read_job(&mut from).unwrap(), Some(("grayscale_image".to_owned(), Vec::new())));
        assert_eq!(read_job(&mut from).unwrap(), None);
        for length in 1..bytes.len() {
            let mut cut = &bytes[..length];
            while let Ok(Some(_)) = read_job(&mut cut) {}
            assert!(cut.is_empty());
        }
    }

    #[test]
    fn lengths_beyond_the_limits_are_refused_unread() {
        let refused = |bytes: Vec<u8>| {
            assert_eq!(read_job(&mut bytes.as_slice()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        };
        refused(job_header(&"x".repeat(MAX_TEXT + 1), 0));
        refused(job_header("grayscale_image", MAX_FILES + 1));
        let large = (MAX_FILE as u64 + 1).to_le_bytes();
        refused([job_header("grayscale_image", 1), large.to_vec()].concat());
    }

    #[test]
    fn results_beyond_the_limits_do_not_fit() {
        assert!(fits(&[vec![0; MAX_FILE], vec![]]) && fits(&[]));
        assert!(!fits(&[vec![], vec![0; MAX_FILE + 1]]));
        assert!(!fits(&vec![vec![]; MAX_FILES + 1]));
    }
}
