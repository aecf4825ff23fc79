//! Pictures in every format that Pillow writes: we see in them what Pillow sees, and in none of them when it is cut off.

use std::{fs, path::Path, process::Command};

use atalaya_server::images::{
    model::{Angle, Drawing, Edit, Format, Target},
    operations::apply,
    preflight::{self, inspect},
};
use atalaya_tests::pictures::{Pixels, decode};
use tempfile::TempDir;

use crate::tools;

/// At so many places each file is cut off.
const CUTS: usize = 13;
/// Fewer files than this mean that the script makes none.
const FEWEST: usize = 150;

/// A file, what is to be seen in it, upright, and by how much it may be off.
struct Golden {
    name: String,
    file: Vec<u8>,
    seen: Pixels,
    tolerance: u8,
}

#[test]
fn we_see_what_pillow_sees() {
    for golden in all() {
        if golden.name.starts_with("AVIF") && !cfg!(feature = "avif") {
            assert_kept(&golden);
            continue;
        }
        let ours = seen(&golden);
        assert_eq!(ours.size(), golden.seen.size(), "{}", golden.name);
        let off = distance(&ours, &golden.seen);
        eprintln!("{off} of {}: {}", golden.tolerance, golden.name);
        assert!(off <= golden.tolerance, "{} is off by {off}", golden.name);
    }
}

#[test]
fn what_is_cut_off_is_refused() {
    for Golden { name, file, .. } in all() {
        for part in 1..=CUTS {
            let end = file.len() * part / (CUTS + 1);
            assert!(inspect(&file[..end]).is_err(), "{name}, the first {end} of {} bytes", file.len());
        }
    }
}

/// What this build does not decode has the size that Pillow sees, and is not edited.
fn assert_kept(Golden { name, file, seen, .. }: &Golden) {
    let facts = inspect(file).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    let (width, height) = (facts.size.width as usize, facts.size.height as usize);
    let upright = if facts.orientation > 4 { (height, width) } else { (width, height) };
    assert_eq!(upright, seen.size(), "{name}");
    assert!(apply(&Edit::Grayscale, file, &mut |_| {}).is_err(), "{name}");
}

fn all() -> Vec<Golden> {
    let folder = TempDir::new().expect("a folder for pictures");
    let mut command = Command::new(tools::installed("python"));
    command.arg(tools::file("interop/python/formats.py")).arg(folder.path());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    tools::run(&command);
    let list = fs::read_to_string(folder.path().join("list")).expect("a list");
    let all: Vec<_> = list.lines().map(|line| golden(folder.path(), line)).collect();
    assert!(all.len() >= FEWEST, "only {} files", all.len());
    all
}

fn golden(folder: &Path, line: &str) -> Golden {
    let words: Vec<&str> = line.splitn(5, ' ').collect();
    let [number, width, height, tolerance, name] = words[..] else { panic!("not a line: {line}") };
    let read = |kind: &str| fs::read(folder.join(format!("{number}.{kind}"))).expect("a file");
    let number = |word: &str| word.parse().expect("a number");
    Golden {
        name: name.to_owned(),
        file: read("file"),
        seen: Pixels { width: number(width), height: number(height), channels: 4, samples: read("rgba") },
        tolerance: tolerance.parse().expect("a number"),
    }
}

/// What we see in a file, upright.
fn seen(Golden { name, file, .. }: &Golden) -> Pixels {
    let facts = inspect(file).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    // A PNG that is converted to PNG stays as it is; three quarters and one are none.
    let turns = facts.format == Format::Png;
    let edit = if turns {
        Edit::Rotate(Angle::new(270))
    } else {
        Edit::Draw(Drawing::Convert(Target { format: Format::Png, quality: None }))
    };
    let made = apply(&edit, file, &mut |_| {}).unwrap_or_else(|failure| panic!("{name}: {failure}"));
    let facts = preflight::inspect(&made).expect("a good result");
    assert_eq!((facts.format, facts.orientation), (Format::Png, 1), "{name}");
    let made = coloured(&decode(&made));
    if turns { made.turned(1) } else { made }
}

/// A picture in RGBA.
fn coloured(picture: &Pixels) -> Pixels {
    let pixel = |samples: &[u8]| match *samples {
        [gray] => [gray, gray, gray, 255],
        [gray, alpha] => [gray, gray, gray, alpha],
        [red, green, blue] => [red, green, blue, 255],
        ref other => [other[0], other[1], other[2], other[3]],
    };
    let samples = picture.samples.chunks_exact(picture.channels).flat_map(pixel).collect();
    Pixels { width: picture.width, height: picture.height, channels: 4, samples }
}

/// The largest difference of two samples of what can be seen.
fn distance(ours: &Pixels, theirs: &Pixels) -> u8 {
    let pairs = ours.samples.as_chunks::<4>().0.iter().zip(theirs.samples.as_chunks::<4>().0);
    let off = |(one, other): (&[u8; 4], &[u8; 4])| {
        let hidden = one[3] == 0 && other[3] == 0;
        if hidden { 0 } else { one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default() }
    };
    pairs.map(off).max().unwrap_or_default()
}
