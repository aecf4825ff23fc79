//! EXIF that tests know field by field.

/// A value of a field.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text; its NUL is added.
    Text(&'static str),
    /// A number of 16 bits.
    Short(u16),
    /// A number of 8 bits.
    Byte(u8),
    /// Fractions.
    Ratios(Vec<(u32, u32)>),
    /// Bytes without a meaning.
    Bytes(Vec<u8>),
    /// A number of 32 bits, such as a place.
    Long(u32),
}

impl Value {
    /// TIFF's type, how many there are, the bytes.
    fn parts(&self) -> (u16, usize, Vec<u8>) {
        match self {
            Self::Text(text) => (2, text.len() + 1, [text.as_bytes(), &[0]].concat()),
            Self::Short(number) => (3, 1, number.to_be_bytes().to_vec()),
            Self::Byte(number) => (1, 1, vec![*number]),
            Self::Ratios(parts) => {
                let bytes = parts.iter().flat_map(|(up, low)| [up.to_be_bytes(), low.to_be_bytes()].concat());
                (5, parts.len(), bytes.collect())
            }
            Self::Bytes(bytes) => (7, bytes.len(), bytes.clone()),
            Self::Long(number) => (4, 1, number.to_be_bytes().to_vec()),
        }
    }
}

/// Fields by their tags, in rising order.
pub type Fields = Vec<(u16, Value)>;

/// What a camera writes: of the picture, of how it was taken, of where, and a thumbnail.
#[derive(Clone, Debug, Default)]
pub struct Exif {
    /// Of the picture.
    pub picture: Fields,
    /// Of how it was taken.
    pub taking: Fields,
    /// Of where.
    pub place: Fields,
    /// A JPEG.
    pub thumbnail: Vec<u8>,
}

impl Exif {
    /// A TIFF structure of these.
    pub fn to_tiff(&self) -> Vec<u8> {
        let mut first = self.picture.clone();
        let at =
            8 + length(&first) + 12 * [&self.taking, &self.place].iter().filter(|f| !f.is_empty()).count();
        let place_at = at + length(&self.taking);
        let thumbnail_at = place_at + length(&self.place);
        let number = |at: usize| u32::try_from(at).expect("a short file");
        if !self.taking.is_empty() {
            first.push((0x8769, Value::Long(number(at))));
        }
        if !self.place.is_empty() {
            first.push((0x8825, Value::Long(number(place_at))));
        }
        let has_thumbnail = !self.thumbnail.is_empty();
        let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
        directory(&mut tiff, &first, if has_thumbnail { number(thumbnail_at) } else { 0 });
        directory(&mut tiff, &self.taking, 0);
        directory(&mut tiff, &self.place, 0);
        if has_thumbnail {
            let mut of_it = vec![(0x0103, Value::Short(6)), (0x0201, Value::Long(0))];
            of_it.push((0x0202, Value::Long(number(self.thumbnail.len()))));
            of_it[1].1 = Value::Long(number(thumbnail_at + length(&of_it)));
            directory(&mut tiff, &of_it, 0);
            tiff.extend(&self.thumbnail);
        }
        tiff
    }

    /// A photo of a tower: a camera with a serial number and a maker note, on a place, with a thumbnail.
    pub fn of_a_camera(thumbnail: Vec<u8>) -> Self {
        use Value::{Byte, Bytes, Ratios, Short, Text};
        Self {
            picture: vec![
                (0x010f, Text("Canon")),
                (0x0110, Text("Canon EOS R5")),
                (0x0112, Short(6)),
                (0x0131, Text("Firmware 1.8")),
                (0x0132, Text("2024:05:02 08:00:00")),
                (0x013b, Text("Mara Vega")),
                (0x8298, Text("(c) Mara Vega")),
            ],
            taking: vec![
                (0x829a, Ratios(vec![(1, 125)])),
                (0x829d, Ratios(vec![(28, 10)])),
                (0x8827, Short(400)),
                (0x9000, Bytes(b"0232".to_vec())),
                (0x9003, Text("2024:05:01 12:34:56")),
                (0x9004, Text("2024:05:01 12:34:57")),
                (0x9011, Text("+02:00")),
                (0x9202, Ratios(vec![(297_085, 100_000)])),
                (0x9205, Ratios(vec![(2, 1)])),
                (0x9207, Short(5)),
                (0x9209, Short(0x19)),
                (0x920a, Ratios(vec![(50, 1)])),
                (0x927c, Bytes(b"a secret of the maker's".to_vec())),
                (0xa403, Short(0)),
                (0xa405, Short(75)),
                (0xa431, Text("SERIAL-0042")),
            ],
            place: vec![
                (0x0001, Text("N")),
                (0x0002, Ratios(vec![(48, 1), (51, 1), (30, 1)])),
                (0x0003, Text("E")),
                (0x0004, Ratios(vec![(2, 1), (17, 1), (24, 1)])),
                (0x0005, Byte(0)),
                (0x0006, Ratios(vec![(355, 10)])),
                (0x0007, Ratios(vec![(10, 1), (34, 1), (50, 1)])),
                (0x001d, Text("2024:05:01")),
            ],
            thumbnail,
        }
    }
}

/// Bytes of a directory with the values behind it.
fn length(fields: &Fields) -> usize {
    if fields.is_empty() {
        return 0;
    }
    let values = fields.iter().map(|(_, value)| value.parts().2.len());
    6 + 12 * fields.len() + values.filter(|length| *length > 4).map(|n| n.next_multiple_of(2)).sum::<usize>()
}

fn directory(tiff: &mut Vec<u8>, fields: &Fields, next: u32) {
    if fields.is_empty() {
        return;
    }
    let mut at = tiff.len() + 6 + 12 * fields.len();
    let mut values = Vec::new();
    tiff.extend(u16::try_from(fields.len()).expect("few fields").to_be_bytes());
    for (tag, value) in fields {
        let (kind, count, mut bytes) = value.parts();
        tiff.extend(tag.to_be_bytes());
        tiff.extend(kind.to_be_bytes());
        tiff.extend(u32::try_from(count).expect("few").to_be_bytes());
        if bytes.len() > 4 {
            tiff.extend(u32::try_from(at).expect("a short file").to_be_bytes());
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            at += bytes.len();
            values.extend(bytes);
        } else {
            bytes.resize(4, 0);
            tiff.extend(bytes);
        }
    }
    tiff.extend(next.to_be_bytes());
    tiff.extend(values);
}

/// A JPEG with a segment more, right after its beginning.
pub fn jpeg_with(file: &[u8], marker: u8, payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    let length = u16::try_from(payload.len() + 2).expect("a short segment").to_be_bytes();
    let (start, rest) = file.split_at(2);
    [start, &[0xff, marker], &length, &payload, rest].concat()
}

/// A JPEG with EXIF.
pub fn jpeg_with_exif(file: &[u8], exif: &Exif) -> Vec<u8> {
    jpeg_with(file, 0xe1, &[b"Exif\0\0", &exif.to_tiff()])
}
