//! Whole files through all readers.

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use turbojpeg::Subsamp;

use super::*;
use crate::images::preflight::fixtures;

const XMP: &[u8] = b"<x:xmpmeta><rdf:RDF><rdf:Description xmp:CreatorTool=\"Tool\"/></rdf:RDF></x:xmpmeta>";

fn names(file: &[u8]) -> Vec<String> {
    metadata(file).iter().map(|group| format!("{} in {}", group.name, group.source)).collect()
}

/// The bytes of a file where a field says that its value is.
fn at<'a>(file: &'a [u8], group: &str, field: &str) -> &'a [u8] {
    let groups = metadata(file);
    let fields = groups.iter().filter(|g| g.name == group).flat_map(|g| &g.fields);
    let field = fields.into_iter().find(|f| f.name == field).expect("the field");
    &file[field.offset as usize..][..field.size as usize]
}

fn photo() -> Vec<u8> {
    let file = fixtures::jpeg(16, 16, Subsamp::Sub2x2);
    let file = fixtures::jpeg_with(&file, 0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", XMP]);
    let file = fixtures::jpeg_with(&file, 0xfe, &[b"a comment"]);
    fixtures::jpeg_with(&file, 0xe1, &[b"Exif\0\0", &fixtures::exif(6, 48, 32)])
}

#[test]
fn a_jpegs_groups_say_where_they_are() {
    let file = photo();
    let expected =
        ["IFD0 in APP1", "ExifIFD in APP1", "IFD1 in APP1", "File in COM", "XMP in APP1", "JFIF in APP0"];
    assert_eq!(names(&file), expected);
    assert_eq!(at(&file, "IFD0", "Orientation"), [0, 6]);
    assert_eq!(at(&file, "ExifIFD", "PixelXDimension"), [0, 0, 0, 48]);
    assert_eq!(at(&file, "File", "Comment"), b"a comment");
    assert_eq!(exif_of(&file).camera.unwrap().orientation, Some(6));
}

#[test]
fn marks_that_stand_alone_hide_no_segment() {
    let file = photo();
    let marked = [&file[..2], b"\xff\x01\xff\xd0\xff\0", &file[2..]].concat();
    assert_eq!(names(&marked), names(&file));
    assert_eq!(exif_of(&marked).camera.unwrap().orientation, Some(6));
    let mut arriving = Arriving::default();
    let whole = (0..=marked.len()).find(|&length| arriving.is_enough(&marked[..length])).unwrap();
    assert_eq!(whole, marked.windows(2).rposition(|w| w == [0xff, 0xda]).unwrap() + 2);
}

#[test]
fn a_png_tells_by_chunks_and_by_imagemagicks_texts() {
    let file = fixtures::png(8, 8);
    let tiff = fixtures::exif(3, 8, 8);
    let inside = fixtures::png_with(&file, *b"eXIf", &tiff);
    let international = [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), XMP].concat();
    let inside = fixtures::png_with(&inside, *b"iTXt", &international);
    let inside = fixtures::png_with(&inside, *b"tEXt", b"parameters\0a castle, Steps: 20");
    assert_eq!(
        names(&inside),
        ["PNG in tEXt", "XMP in iTXt", "IFD0 in eXIf", "ExifIFD in eXIf", "IFD1 in eXIf"]
    );
    assert_eq!(at(&inside, "PNG", "parameters"), b"a castle, Steps: 20");
    let digits = bytes::hex(&tiff);
    let text = format!("Raw profile type exif\0\nexif\n{:8}\n{digits}", tiff.len());
    let magick = fixtures::png_with(&file, *b"tEXt", text.as_bytes());
    assert_eq!(exif_of(&magick).camera.unwrap().orientation, Some(3));
    assert_eq!(metadata(&magick)[0].offset, -1);
}

#[test]
fn a_webp_a_tiff_and_a_gif_tell_too() {
    let exif = fixtures::webp_chunk(*b"EXIF", &fixtures::exif(8, 24, 16));
    let xmp = fixtures::webp_chunk(*b"XMP ", XMP);
    let webp = fixtures::webp_with(&fixtures::webp(24, 16, false), 0, (24, 16), b"", &[exif, xmp].concat());
    assert_eq!(exif_of(&webp).camera.unwrap().orientation, Some(8));
    assert_eq!(names(&webp).last().unwrap(), "XMP in XMP");
    assert_eq!(exif_of(&fixtures::exif(5, 1, 1)).camera.unwrap().orientation, Some(5));
    let gif = [b"GIF89a\x01\0\x01\0\0\0\0".as_slice(), b"!\xfe\x05hello\0;"].concat();
    assert_eq!(metadata(&gif)[0].fields[0].value, "hello");
}

#[test]
fn xmp_in_pieces_is_put_together_and_gaps_are_told() {
    let piece = |place: u32, text: &[u8]| {
        let header =
            [[b'7'; 32].as_slice(), &(XMP.len() as u32).to_be_bytes(), &place.to_be_bytes(), text].concat();
        [b"http://ns.adobe.com/xmp/extension/\0".as_slice(), &header].concat()
    };
    let file = fixtures::jpeg(8, 8, Subsamp::None);
    let second = fixtures::jpeg_with(&file, 0xe1, &[&piece(20, &XMP[20..])]);
    let whole = metadata(&fixtures::jpeg_with(&second, 0xe1, &[&piece(0, &XMP[..20])]));
    let group = whole.iter().find(|g| g.source == "APP1 extended").unwrap();
    assert_eq!((group.fields[0].value.as_str(), group.fault.as_str()), ("Tool", ""));
    let gap = metadata(&second);
    assert_eq!(gap.last().unwrap().fault, "pieces of the extended XMP are missing or doubled");
}

#[test]
fn the_first_scan_ends_the_head_of_a_jpeg() {
    let file = photo();
    let scan = bytes::find(&file, &[0xff, 0xda], 0).unwrap();
    let is_enough = |head: &[u8]| Arriving::default().is_enough(head);
    assert!(!is_enough(&file[..scan]) && !is_enough(&file[..100]));
    assert!(is_enough(&file[..scan + 2]));
    assert!(!is_enough(&fixtures::png(8, 8)));
}

/// Files that would keep a careless reader busy, each of megabytes.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = fixtures::jpeg(8, 8, Subsamp::None);
    let segment = |prefix: &[u8], filling: &[u8]| {
        let room = 65_000 - prefix.len();
        let filling: Vec<u8> = filling.iter().copied().cycle().take(room).collect();
        (0..150).fold(jpeg[..2].to_vec(), |mut file, _| {
            file.extend([0xff, prefix[0]]);
            file.extend((65_001_u16).to_be_bytes());
            file.extend(&prefix[1..]);
            file.extend(&filling);
            file
        })
    };
    let pointers: Vec<u8> = (0..80_000_u32)
        .flat_map(|n| [b"\x69\x87\x04\0\x01\0\0\0".as_slice(), &(10 + n * 12).to_le_bytes()].concat())
        .collect();
    let values: Vec<u8> = (0..60_000_u32)
        .flat_map(|n| [&(n as u16).to_le_bytes(), b"\x02\0\0\0\x0a\0\x10\0\0\0".as_slice()].concat())
        .collect();
    let xmp = "<rdf:Description dc:a='x'><dc:b>y</dc:b>".repeat(250_000);
    let text = [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), xmp.as_bytes()].concat();
    vec![
        ("overlapping directories", [b"II*\0\x08\0\0\0\xff\xff".as_slice(), &pointers].concat()),
        ("overlapping values", [b"II*\0\x08\0\0\0\xff\xff".as_slice(), &values].concat()),
        ("XMP of 10 MB", fixtures::png_with(&fixtures::png(4, 4), *b"iTXt", &text)),
        ("many XMP segments", segment(b"\xe1http://ns.adobe.com/xap/1.0/\0", b"<a b='c'>")),
        ("many EXIF segments", segment(b"\xe1Exif\0\0II*\0\x08\0\0\0\xff\xff", b"\x0f\x01\x02\0\xff\0\0\0")),
        ("many Photoshop segments", segment(b"\xedPhotoshop 3.0\0", b"8BIM\x04\x04\0\0\0\0\0\0")),
        ("many profiles", segment(b"\xe2ICC_PROFILE\0\x01\x01", b"\xff\xff\xff\xff")),
        ("many boxes", segment(b"\xebJP\0\0\0\0\0\x01", b"jumd")),
        ("a million empty segments", [&jpeg[..2], &b"\xff\xfe\0\x02".repeat(1_000_000)].concat()),
        ("long paths", long_paths()),
        ("many attributes of nothing", attributes("a=''")),
        ("many attributes of something", attributes("a='b'")),
        ("overlapping XMP", overlapping_xmp()),
        ("overlapping items", overlapping_items()),
    ]
}

/// Elements that hold nothing below others with long names.
fn long_paths() -> Vec<u8> {
    let name = "x".repeat(3_000);
    let xmp = format!("<{name}>{}</{name}>", "<a/>".repeat(480_000));
    let text = [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), xmp.as_bytes()].concat();
    fixtures::png_with(&fixtures::png(4, 4), *b"iTXt", &text)
}

/// An element below a long name, with as many attributes as a packet has room for.
fn attributes(attribute: &str) -> Vec<u8> {
    let name = "x".repeat(3_000);
    let many = format!(" {attribute}").repeat((2 << 20) / (attribute.len() + 1) - 2_000);
    let text = [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), format!("<{name}><a{many}/>").as_bytes()].concat();
    fixtures::png_with(&fixtures::png(4, 4), *b"iTXt", &text)
}

/// A TIFF with thousands of tags, each of which points to the same megabyte of XMP without properties.
fn overlapping_xmp() -> Vec<u8> {
    let xmp = format!("<!--{}-->", "x".repeat(1_000_000));
    let count = 4_000_u32;
    let place = 8 + 2 + count * 12 + 4;
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend((count as u16).to_le_bytes());
    for _ in 0..count {
        tiff.extend(700_u16.to_le_bytes());
        tiff.extend(7_u16.to_le_bytes());
        tiff.extend((xmp.len() as u32).to_le_bytes());
        tiff.extend(place.to_le_bytes());
    }
    tiff.extend([0; 4]);
    tiff.extend(xmp.into_bytes());
    tiff
}

/// Boxes with a thousand places each, all of one item with XMP.
fn overlapping_items() -> Vec<u8> {
    let boxed = |name: &[u8; 4], data: &[u8]| {
        [&(data.len() as u32 + 8).to_be_bytes(), name.as_slice(), data].concat()
    };
    let entry = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0mime\0application/rdf+xml\0");
    let names = boxed(b"iinf", &[b"\0\0\0\0\0\x01".as_slice(), &entry].concat());
    // Lengths and offsets of no bytes: each item is nowhere and empty.
    let places = [b"\0\0\0\0\0\0\x03\xe8".as_slice(), &b"\0\x01\0\0\0\x01".repeat(1_000)].concat();
    let meta = boxed(b"meta", &[&[0; 4], names.as_slice(), &boxed(b"iloc", &places)].concat());
    [boxed(b"ftyp", b"heic\0\0\0\0"), meta.repeat(2_000)].concat()
}

#[test]
fn a_head_that_arrives_in_pieces_is_looked_at_once() {
    let (file, mut arriving) = (photo(), Arriving::default());
    let whole = (0..=file.len()).find(|&length| arriving.is_enough(&file[..length])).unwrap();
    let scan = file.windows(2).rposition(|w| w == [0xff, 0xda]).unwrap();
    assert_eq!(whole, scan + 2);
    assert!(Arriving::default().is_enough(&file));
    // Stray bytes and filling ones are passed over, also where a piece ends among them.
    let first = 4 + usize::from(u16::from_be_bytes([file[4], file[5]]));
    let strayed = [&file[..2], &[0xff; 30], &file[3..first], &[7; 30], &file[first..]].concat();
    let mut arriving = Arriving::default();
    let whole = (0..=strayed.len()).find(|&length| arriving.is_enough(&strayed[..length])).unwrap();
    assert_eq!(whole, scan + 2 + 59);
    let endless = [&file[..2], &b"\xff\xfe\0\x02".repeat(8_000)].concat();
    let mut arriving = Arriving::default();
    assert!(!arriving.is_enough(&endless));
    assert!(arriving.is_enough(&[endless.as_slice(), &b"\xff\xfe\0\x02".repeat(2_000)].concat()));
}

#[test]
fn no_file_keeps_the_readers_busy() {
    // Milliseconds of a processor, without optimisation; with it, it is a tenth and less.
    const PATIENCE: i64 = 1_000;
    let used = || getrusage(UsageWho::RUSAGE_THREAD).unwrap().user_time().num_milliseconds();
    for (name, file) in bombs() {
        let start = used();
        let told = metadata(&file);
        exif_of(&file);
        let took = used() - start;
        eprintln!("{name}: {took} ms, {} groups", told.len());
        assert!(took < PATIENCE, "{name} took {took} ms");
        let held: usize =
            told.iter().flat_map(|g| &g.fields).map(|f| f.name.len() + f.value.len() + f.raw.len()).sum();
        assert!(held < 8 << 20, "{name} holds {held} bytes");
    }
}

#[test]
fn damaged_and_truncated_files_are_read_without_harm() {
    let exif = fixtures::webp_chunk(*b"EXIF", &fixtures::exif(8, 24, 16));
    let webp = fixtures::webp_with(&fixtures::webp(24, 16, false), 0, (24, 16), b"", &exif);
    let png = fixtures::png_with(&fixtures::png(8, 8), *b"eXIf", &fixtures::exif(3, 8, 8));
    let mut dice = fixtures::Dice(42);
    for file in [photo(), webp, png, fixtures::exif(1, 2, 3)] {
        for part in 1..=13 {
            metadata(&file[..file.len() * part / 14]);
        }
        for _ in 0..300 {
            let damaged = dice.damaged(&file);
            metadata(&damaged);
            exif_of(&damaged);
        }
    }
}
