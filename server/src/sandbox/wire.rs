//! What parent and child say to each other: small headers of fixed length, raw bytes behind them.
//!
//! A job is the edit's text and the image, a length (u32, u64; little-endian) before each. An answer is a
//! letter: `P` and thousandths (u16); `R`, length (u64), result; `F`, length (u32), sentence.

use std::io::{self, Read, Write};

/// Longest text of an edit, in bytes.
pub(super) const MAX_EDIT: usize = 64;
/// Longest image that a child reads or writes, in bytes.
pub(super) const MAX_IMAGE: usize = 256 << 20;
/// Longest sentence of a failure, in bytes.
pub(super) const MAX_SENTENCE: usize = 1024;

/// Followed by thousandths.
pub(super) const PROGRESS: u8 = b'P';
/// Followed by the result.
pub(super) const RESULT: u8 = b'R';
/// Followed by a sentence.
pub(super) const FAILURE: u8 = b'F';

/// What comes before the image of a job.
pub(super) fn job_header(edit: &str, image: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(12 + edit.len());
    header.extend((edit.len() as u32).to_le_bytes());
    header.extend(edit.as_bytes());
    header.extend((image as u64).to_le_bytes());
    header
}

/// Reads a job: the edit's text and the image. Answers nothing at the end of the input.
pub(super) fn read_job(from: &mut impl Read) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut length = [0; 4];
    if from.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..])?;
    let edit = read_bytes(from, u32::from_le_bytes(length) as usize, MAX_EDIT)?;
    let edit = String::from_utf8(edit).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let image = read_bytes(from, u64::from_le_bytes(length) as usize, MAX_IMAGE)?;
    Ok(Some((edit, image)))
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

/// Hands a job's result over.
pub(super) fn write_result(to: &mut impl Write, image: &[u8]) -> io::Result<()> {
    let mut header = [RESULT; 9];
    header[1..].copy_from_slice(&(image.len() as u64).to_le_bytes());
    to.write_all(&header)?;
    to.write_all(image)?;
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
        for (edit, image) in [("rotate_image 90", &b"first"[..]), ("grayscale_image", b"")] {
            bytes.extend(job_header(edit, image.len()));
            bytes.extend(image);
        }
        let mut from = bytes.as_slice();
        assert_eq!(read_job(&mut from).unwrap(), Some(("rotate_image 90".to_owned(), b"first".to_vec())));
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
        let long = job_header(&"x".repeat(MAX_EDIT + 1), 0);
        assert_eq!(read_job(&mut long.as_slice()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let large = job_header("grayscale_image", MAX_IMAGE + 1);
        assert_eq!(read_job(&mut large.as_slice()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
