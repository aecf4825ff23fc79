//! Small files in MaxMind's format (MaxMind DB File Format Specification 2.0), written by hand.

use std::net::IpAddr;

use atalaya_server::edge::Cidr;

/// Bits of a record of the search tree.
const RECORD_BITS: u16 = 24;
/// Zero bytes between the tree and the data.
const SEPARATOR: usize = 16;
/// What stands before the metadata.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Where IPv4 addresses are in a tree of IPv6 addresses: below `::/96`.
const V4_DEPTH: u32 = 96;

/// A value of an entry.
#[derive(Clone, Debug)]
pub enum Value {
    /// UTF-8.
    Text(&'static str),
    /// A whole number.
    Number(u32),
    /// A number of eight bytes.
    Double(f64),
    /// A number of four bytes.
    Float(f32),
    /// Names and values.
    Map(Vec<(&'static str, Value)>),
    /// Values.
    List(Vec<Value>),
}

/// A file that is being put together.
#[derive(Clone, Debug)]
pub struct Mmdb {
    kind: &'static str,
    version: u8,
    build_epoch: u32,
    entries: Vec<(Cidr, Value)>,
}

/// Where a branch of the tree leads.
#[derive(Clone, Copy, Debug)]
enum Branch {
    Nowhere,
    Node(usize),
    Data(usize),
}

impl Mmdb {
    /// Of this type, for both kinds of addresses, made in the second `build_epoch` since 1970.
    pub fn new(kind: &'static str, build_epoch: u32) -> Self {
        Self { kind, version: 6, build_epoch, entries: Vec::new() }
    }

    /// For IPv4 addresses only.
    #[must_use]
    pub fn of_v4(mut self) -> Self {
        self.version = 4;
        self
    }

    /// With what is said of a network.
    #[must_use]
    pub fn with(mut self, network: &str, value: Value) -> Self {
        self.entries.push((network.parse().expect("a network"), value));
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut tree = vec![[Branch::Nowhere; 2]];
        let mut data = Vec::new();
        for (network, value) in &self.entries {
            let place = data.len();
            write(&mut data, value);
            self.plant(&mut tree, *network, place);
        }
        let mut file = Vec::new();
        for branch in tree.iter().flatten() {
            let record = match branch {
                Branch::Nowhere => tree.len(),
                Branch::Node(node) => *node,
                Branch::Data(place) => tree.len() + SEPARATOR + place,
            };
            file.extend_from_slice(&(record as u32).to_be_bytes()[1..]);
        }
        file.extend_from_slice(&[0; SEPARATOR]);
        file.extend_from_slice(&data);
        file.extend_from_slice(MARKER);
        self.write_metadata(&mut file, tree.len());
        file
    }

    fn plant(&self, tree: &mut Vec<[Branch; 2]>, network: Cidr, place: usize) {
        let (bits, from, length) = match network.network() {
            IpAddr::V4(v4) if self.version == 4 => (u128::from(v4.to_bits()) << V4_DEPTH, 0, 0),
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 0, V4_DEPTH),
            IpAddr::V6(v6) => (v6.to_bits(), 0, 0),
        };
        let length: u32 = length + u32::from(network.prefix());
        let mut node = 0;
        for depth in from..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            if depth + 1 == length {
                tree[node][side] = Branch::Data(place);
            } else if let Branch::Node(next) = tree[node][side] {
                node = next;
            } else {
                tree.push([Branch::Nowhere; 2]);
                let next = tree.len() - 1;
                tree[node][side] = Branch::Node(next);
                node = next;
            }
        }
    }

    fn write_metadata(&self, file: &mut Vec<u8>, nodes: usize) {
        let short = |file: &mut Vec<u8>, key, value: u16| {
            write(file, &Value::Text(key));
            file.push(5 << 5 | 2);
            file.extend_from_slice(&value.to_be_bytes());
        };
        head(file, 7, 9);
        short(file, "binary_format_major_version", 2);
        short(file, "binary_format_minor_version", 0);
        short(file, "ip_version", self.version.into());
        short(file, "record_size", RECORD_BITS);
        write(file, &Value::Text("build_epoch"));
        // The type of eight bytes, of which the first are zeros and left out.
        file.extend_from_slice(&[4, 2]);
        file.extend_from_slice(&self.build_epoch.to_be_bytes());
        for (key, value) in [
            ("database_type", Value::Text(self.kind)),
            ("description", Value::Map(vec![("en", Value::Text("made by a test"))])),
            ("languages", Value::List(vec![Value::Text("en")])),
            ("node_count", Value::Number(nodes as u32)),
        ] {
            write(file, &Value::Text(key));
            write(file, &value);
        }
    }
}

fn write(file: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => {
            head(file, 2, text.len());
            file.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) => {
            head(file, 6, 4);
            file.extend_from_slice(&number.to_be_bytes());
        }
        Value::Double(number) => {
            head(file, 3, 8);
            file.extend_from_slice(&number.to_be_bytes());
        }
        Value::Float(number) => {
            head(file, 15, 4);
            file.extend_from_slice(&number.to_be_bytes());
        }
        Value::Map(entries) => {
            head(file, 7, entries.len());
            for (key, value) in entries {
                write(file, &Value::Text(key));
                write(file, value);
            }
        }
        Value::List(values) => {
            head(file, 11, values.len());
            for value in values {
                write(file, value);
            }
        }
    }
}

/// What stands before a value: its type and its size.
fn head(file: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    assert!(size < 29 + 256, "no test needs values of {size} bytes");
    if kind < 8 {
        file.push(kind << 5 | short);
    } else {
        file.extend_from_slice(&[short, kind - 7]);
    }
    file.extend(more);
}
