//! GIF, TIFF, BMP, AVIF and HEIC: what is refused, and why.

use super::{
    super::{fixtures::foreign::*, *},
    fixtures, malformed, over_limits,
};

fn unsupported(file: &[u8]) -> bool {
    inspect(file) == Err(Refusal::Unsupported)
}

fn one(page: Page) -> Vec<u8> {
    tiff(true, vec![page])
}

#[test]
fn a_gif_in_disorder_is_malformed() {
    let file = gif(24, 16, 1);
    // The screen's width, the palette's flag, the frame's place, its least number of bits.
    let frame = 13 + 3 * 32;
    let frame = frame + file[frame..].iter().position(|&byte| byte == 0x2c).unwrap();
    for (at, value) in [(6, 0), (10, 0), (frame, 0x2d), (frame + 1, 1), (frame + 7, 17), (frame + 10, 12)] {
        let mut file = file.clone();
        file[at] = value;
        assert!(malformed(&file), "{at} {value}");
    }
    let end = file.len() - 1;
    assert!(malformed(&[&file[..frame], b";"].concat()));
    assert!(inspect(&[&file[..], b"whatever follows"].concat()).is_ok());
    let comment = [&[0x21, 0xfe][..], &[&[255][..], &[b'x'; 255]].concat().repeat(100), &[0]].concat();
    assert!(inspect(&[&file[..end], &comment, b";"].concat()).is_ok());
    assert!(over_limits(&[&file[..end], &comment.repeat(700), b";"].concat()));
    assert!(over_limits(&[&file[..end], &[0x21, 0xfe, 0].repeat(MAX_CHUNKS as usize), b";"].concat()));
}

#[test]
fn too_many_frames_and_pixels_of_a_gif_are_refused() {
    assert!(inspect(&gif(24, 16, MAX_FRAMES as usize)).unwrap().animated);
    assert!(over_limits(&gif(24, 16, MAX_FRAMES as usize + 1)));
    let screen =
        |side: u16| [b"GIF89a", &side.to_le_bytes()[..], &side.to_le_bytes(), &[0, 0, 0, b';']].concat();
    assert!(over_limits(&screen(30_001)));
    assert!(over_limits(&screen(8_000)));
    assert!(malformed(&screen(7_000)), "there is no frame");
}

#[test]
fn every_kind_of_tiff_that_can_be_decoded_is_taken() {
    let kinds = [
        (1, 1, 0),
        (1, 1, 1),
        (4, 1, 1),
        (8, 1, 1),
        (16, 1, 1),
        (8, 2, 1),
        (16, 2, 1),
        (8, 3, 2),
        (16, 3, 2),
        (8, 4, 2),
        (16, 4, 2),
        (8, 4, 5),
        (16, 4, 5),
        (8, 5, 5),
    ];
    for (bits, samples, photometric) in kinds {
        let page = || Page::new((24, 16), bits, samples, photometric, &[7; 24 * 16 * 8]);
        for big in [false, true] {
            let facts = inspect(&tiff(big, vec![page()])).unwrap();
            assert_eq!((facts.size, facts.pages), (Size { width: 24, height: 16 }, 1));
        }
        for compression in [5, 8, 32_946, 32_773] {
            assert!(inspect(&one(page().with(259, SHORT, &[compression]))).is_ok());
        }
    }
    let indexed = Page::new((24, 16), 4, 1, 3, &[0; 12 * 16]);
    assert!(malformed(&one(Page::new((24, 16), 4, 1, 3, &[0; 12 * 16]))), "the palette is missing");
    assert!(inspect(&one(indexed.with(320, SHORT, &[99; 48]))).is_ok());
    assert!(inspect(&one(Page::new((24, 16), 8, 3, 6, &[9; 99]).with(259, SHORT, &[7]))).is_ok());
    assert!(inspect(&one(Page::new((24, 16), 1, 1, 0, &[9; 99]).with(259, SHORT, &[4]))).is_ok());
}

#[test]
fn kinds_of_tiff_that_few_programs_show_are_unsupported() {
    let page = || page(24, 16);
    // Old JPEG, fax 3, Lab, floating point, 32 bits, a thumbnail first, a raw photo, BigTIFF.
    assert!(unsupported(&one(page().with(259, SHORT, &[6]))));
    assert!(unsupported(&one(Page::new((24, 16), 1, 1, 0, &[9; 99]).with(259, SHORT, &[3]))));
    assert!(unsupported(&one(page().with(262, SHORT, &[8]))));
    assert!(unsupported(&one(page().with(339, SHORT, &[3, 3, 3]))));
    assert!(unsupported(&one(Page::new((24, 16), 32, 1, 1, &[0; 24 * 16 * 4]).with(259, SHORT, &[8]))));
    assert!(unsupported(&one(page().with(254, LONG, &[1]))));
    assert!(unsupported(&one(page().with(50_706, BYTE, &[1, 4, 0, 0]))));
    assert!(unsupported(b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"));
}

#[test]
fn a_tiff_in_disorder_is_malformed() {
    let page = || page(24, 16);
    assert!(malformed(&one(page().without(256))), "a side is zero");
    assert!(malformed(&one(page().with(278, LONG, &[0]))), "strips without rows");
    assert!(malformed(&one(page().with(278, LONG, &[8]))), "one strip of two");
    assert!(malformed(&one(page().with(279, LONG, &[24 * 16 * 3 - 1]))), "a strip is short");
    assert!(malformed(&one(page().with(273, LONG, &[u32::MAX]))), "a strip lies outside");
    assert!(malformed(&one(page().with(279, LONG, &[u32::MAX]))), "a strip is too long");
    let mut file = one(page().with(700, BYTE, &[7; 99]));
    let count = file.windows(4).position(|w| w == [0x02, 0xbc, 0, 1]).unwrap() + 4;
    file[count..count + 4].fill(0xff);
    assert!(malformed(&file), "a value of 4 GB");
    assert!(malformed(b"MM\0*\0\0\0\0"));
    assert!(malformed(b"MM\0*\xff\xff\xff\xff"));
}

#[test]
fn directories_that_loop_or_are_too_many_are_refused() {
    let mut file = one(page(24, 16));
    let (end, first) = (file.len() - 4, file[4..8].to_vec());
    file[end..].copy_from_slice(&first);
    assert!(malformed(&file));
    let small = || Page::new((1, 1), 8, 1, 1, &[0]);
    let pages = |count| tiff(false, std::iter::repeat_with(small).take(count).collect());
    assert_eq!(inspect(&pages(MAX_FRAMES as usize)).unwrap().pages, MAX_FRAMES);
    assert!(over_limits(&pages(MAX_FRAMES as usize + 1)));
    let thumbnail = || small().with(254, LONG, &[1]);
    assert_eq!(inspect(&tiff(false, vec![small(), thumbnail(), small()])).unwrap().pages, 2);
    // Entries without end, in a directory that says so.
    assert!(over_limits(&[&b"MM\0*\0\0\0\x08\xff\xff"[..], &vec![0; 12 * 65_535]].concat()));
}

#[test]
fn bombs_in_a_tiff_are_refused() {
    let strip = [7; 99];
    let large = |width, height| Page::new((width, height), 8, 1, 1, &strip).with(259, SHORT, &[8]);
    assert!(over_limits(&one(large(30_001, 1))));
    assert!(over_limits(&one(large(8_000, 8_000))));
    assert!(over_limits(&tiff(false, std::iter::repeat_with(|| large(7_000, 7_000)).take(5).collect())));
    let tiles = |side| large(16, 16).with(322, LONG, &[side]).with(323, LONG, &[side]);
    assert!(inspect(&one(tiles(16))).is_ok());
    assert!(over_limits(&one(tiles(30_000))), "a tile that is larger than any picture");
    assert!(malformed(&one(tiles(0))));
    let strips = vec![1; 30_000];
    let many = || large(1, 30_000).with(278, LONG, &[1]).with(273, LONG, &strips).with(279, LONG, &strips);
    assert!(inspect(&one(many())).is_ok());
    assert!(over_limits(&tiff(false, std::iter::repeat_with(many).take(4).collect())));
    let profile = vec![7; 1_000_001];
    assert!(over_limits(&one(page(8, 8).with(34_675, BYTE, &profile))));
    let xmp = vec![b' '.into(); 10 << 20];
    assert!(inspect(&one(page(8, 8).with(700, BYTE, &xmp))).is_ok());
    assert!(over_limits(&tiff(
        false,
        vec![page(8, 8).with(700, BYTE, &xmp), page(8, 8).with(700, BYTE, &xmp)]
    )));
}

#[test]
fn a_bmp_must_have_all_of_its_pixels_and_a_sane_header() {
    let file = bmp(23, 16, &fixtures::pixels(23, 16));
    assert!(inspect(&file).is_ok());
    // Planes, depth, compression that does not suit, where the pixels are.
    for (at, value) in [(26, 2), (28, 23), (30, 1), (10, 9)] {
        let mut file = file.clone();
        file[at] = value;
        assert!(malformed(&file), "{at} {value}");
    }
    for (at, value) in [(30, 4), (30, 5), (14, 41)] {
        let mut file = file.clone();
        file[at] = value;
        assert!(unsupported(&file), "{at} {value}");
    }
    assert!(over_limits(&bmp_of((8_000, 8_000), 1, 0, &[0; 8], &[])));
    assert!(over_limits(&bmp_of((30_001, -1), 1, 0, &[0; 8], &[])));
    assert!(malformed(&bmp_of((-1, 1), 24, 0, &[], &[0; 4])));
    assert!(
        malformed(&bmp_of((1, i32::MIN), 24, 0, &[], &[0; 4]))
            || over_limits(&bmp_of((1, i32::MIN), 24, 0, &[], &[0; 4]))
    );
    assert!(inspect(&bmp_of((1, -1), 24, 0, &[], &[0; 4])).is_ok());
}

#[test]
fn runs_of_a_bmp_are_read_to_their_end() {
    let runs = |codes: &[u8]| bmp_of((4, 2), 8, 1, &[0; 1024], codes);
    assert!(inspect(&runs(&[4, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 9, 0, 1])).is_ok());
    assert!(malformed(&runs(&[4, 1, 0, 0, 4, 2])), "no end");
    assert!(malformed(&runs(&[0, 9, 1, 2])), "literal pixels that are missing");
    assert!(malformed(&bmp_of((4, -2), 8, 1, &[0; 1024], &[0, 1])), "runs from the top");
}

#[test]
fn turns_and_mirrors_of_heif_are_orientations() {
    let expected = [
        (0, None, 1),
        (1, None, 8),
        (2, None, 3),
        (3, None, 6),
        (0, Some(1), 2),
        (0, Some(0), 4),
        (1, Some(0), 5),
        (1, Some(1), 7),
        (2, Some(0), 2),
        (2, Some(1), 4),
        (3, Some(0), 7),
        (3, Some(1), 5),
    ];
    for (turn, mirror, orientation) in expected {
        let facts = inspect(&heif(*b"heic", (40, 30), turn, mirror, &[])).unwrap();
        assert_eq!(facts.orientation, orientation, "{turn} {mirror:?}");
        assert_eq!((facts.format, facts.size), (Format::Heic, Size { width: 40, height: 30 }));
    }
}

#[test]
fn bombs_and_disorder_in_heif_are_refused() {
    let file = |size, exif: &[u8]| heif(*b"avif", size, 0, None, exif);
    assert!(over_limits(&file((8_000, 8_000), &[])));
    assert!(over_limits(&file((30_001, 1), &[])));
    assert!(malformed(&file((0, 1), &[])));
    assert!(inspect(&file((8, 8), &vec![0; MAX_EXIF_BYTES])).is_ok());
    assert!(over_limits(&file((8, 8), &vec![0; MAX_EXIF_BYTES + 1])));
    let small = file((8, 8), &[]);
    assert!(malformed(&small[..24]), "no list of pictures");
    for name in [b"pitm", b"ispe", b"ipma"] {
        let mut file = small.clone();
        let at = file.windows(4).position(|w| w == name).unwrap();
        file[at] = b'x';
        assert!(malformed(&file), "{name:?}");
    }
    let free = boxed(*b"free", &[]).repeat(MAX_CHUNKS as usize);
    assert!(over_limits(&[small.clone(), free].concat()));
    let frames = |count: u32| {
        let samples = boxed(*b"stsz", &[&[0; 8], &count.to_be_bytes()]);
        let table = boxed(*b"minf", &[&boxed(*b"stbl", &[&samples])]);
        [small.clone(), boxed(*b"moov", &[&boxed(*b"trak", &[&boxed(*b"mdia", &[&table])])])].concat()
    };
    assert!(!inspect(&frames(1)).unwrap().animated);
    assert!(inspect(&frames(2)).unwrap().animated);
    assert!(over_limits(&frames(MAX_FRAMES + 1)));
    // Boxes in boxes without end are not followed.
    let deep = (0..4_000).fold(Vec::new(), |inner, _| boxed(*b"moov", &[&inner]));
    assert!(inspect(&[small, deep].concat()).is_ok());
}
