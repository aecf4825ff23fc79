//! CSV files of ranges in the shapes of ip-location-db: `first,last,CC` (country) and `first,last,number,name` (ASN).

use std::{cmp::Reverse, collections::HashMap, net::IpAddr, str};

use super::model::{Location, Network, clean, country_code};

/// Longest line that is read.
const MAX_LINE: usize = 1024;
/// Most ranges of a file.
const MAX_RANGES: usize = 8_000_000;

/// The ranges of a file, in order.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    v4: Table<u32>,
    v6: Table<u128>,
    values: Vec<Value>,
}

/// Ranges of one kind of address that don't overlap, by their first addresses.
#[derive(Debug, Default)]
struct Table<A> {
    rows: Vec<(A, A, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    Country([u8; 2]),
    System(u32, Box<str>),
}

impl Ranges {
    /// Of a whole file; otherwise what is wrong with it, by its line.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, String> {
        let mut ranges = Self::default();
        let mut known = HashMap::new();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            match row(line) {
                Some((first, last, value)) => ranges.push(first, last, value, &mut known),
                // A first line may say what the columns are.
                None if number == 0 && line.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) => {}
                None => return Err(format!("line {} is no range", number + 1)),
            }
            if ranges.v4.rows.len() + ranges.v6.rows.len() > MAX_RANGES {
                return Err(format!("it has more than {MAX_RANGES} ranges"));
            }
        }
        if ranges.values.is_empty() {
            return Err("it has no ranges".to_owned());
        }
        ranges.v4.put_in_order();
        ranges.v6.put_in_order();
        Ok(ranges)
    }

    fn push(&mut self, first: IpAddr, last: IpAddr, value: Value, known: &mut HashMap<Value, u32>) {
        let values = &mut self.values;
        let place = *known.entry(value).or_insert_with_key(|value| {
            values.push(value.clone());
            values.len() as u32 - 1
        });
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                self.v4.rows.push((first.to_bits(), last.to_bits(), place));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6.rows.push((first.to_bits(), last.to_bits(), place));
            }
            // No row is of both kinds.
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
        }
    }

    /// What the file says of an address.
    pub(super) fn find(&self, address: IpAddr) -> (Location, Network) {
        let place = match address {
            IpAddr::V4(v4) => self.v4.find(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.find(v6.to_bits()),
        };
        let (mut location, mut network) = (Location::default(), Network::default());
        match place.and_then(|place| self.values.get(place as usize)) {
            Some(Value::Country(code)) => location.country_code = String::from_utf8_lossy(code).into_owned(),
            Some(Value::System(asn, name)) => (network.asn, network.provider) = (*asn, name.to_string()),
            None => {}
        }
        (location, network)
    }
}

/// What both kinds of addresses are as numbers.
trait Number: Copy + Ord {
    /// The next one, if there is one.
    fn next(self) -> Option<Self>;
    /// The one before, of any but 0.
    fn before(self) -> Self;
}

impl Number for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn before(self) -> Self {
        self.saturating_sub(1)
    }
}

impl Number for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn before(self) -> Self {
        self.saturating_sub(1)
    }
}

impl<A: Number> Table<A> {
    /// Puts the rows in order. Of rows that overlap, the one that begins later wins, of two that begin together the
    /// shorter one.
    fn put_in_order(&mut self) {
        self.rows.sort_unstable_by_key(|(first, last, place)| (*first, Reverse(*last), *place));
        if self.rows.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            self.rows = flat(&self.rows);
        }
        self.rows.shrink_to_fit();
    }

    fn find(&self, address: A) -> Option<u32> {
        let after = self.rows.partition_point(|(first, ..)| *first <= address);
        let (_, last, place) = self.rows.get(after.checked_sub(1)?)?;
        (*last >= address).then_some(*place)
    }
}

/// The same without overlaps, of rows in order.
fn flat<A: Number>(rows: &[(A, A, u32)]) -> Vec<(A, A, u32)> {
    let mut flat = Vec::with_capacity(rows.len());
    // Rows that go on, the innermost last; and from where on nothing was said of them.
    let (mut open, mut from): (Vec<(A, u32)>, Option<A>) = (Vec::new(), None);
    for (first, last, place) in rows {
        while let Some((end, of)) = open.pop_if(|(end, _)| *end < *first) {
            from = said(&mut flat, from, end, of);
        }
        if let Some((_, of)) = open.last() {
            said(&mut flat, from.filter(|from| from < first), first.before(), *of);
        }
        from = Some(*first);
        open.push((*last, *place));
    }
    while let Some((end, of)) = open.pop() {
        from = said(&mut flat, from, end, of);
    }
    flat
}

/// Says what is so from an address to an end, if that is not before it; from where on nothing was said then.
fn said<A: Number>(flat: &mut Vec<(A, A, u32)>, from: Option<A>, end: A, of: u32) -> Option<A> {
    let first = from?;
    if end < first {
        return from;
    }
    flat.push((first, end, of));
    end.next()
}

/// A line's range and what it says.
fn row(line: &[u8]) -> Option<(IpAddr, IpAddr, Value)> {
    if line.len() > MAX_LINE {
        return None;
    }
    let (fields, count) = fields(str::from_utf8(line).ok()?)?;
    let (first, last): (IpAddr, IpAddr) = (fields[0].parse().ok()?, fields[1].parse().ok()?);
    if first.is_ipv4() != last.is_ipv4() || first > last {
        return None;
    }
    let value = match count {
        3 => Value::Country(country_code(&fields[2]).as_bytes().try_into().ok()?),
        4 => Value::System(fields[2].parse().ok()?, clean(&fields[3]).into()),
        _ => return None,
    };
    Some((first, last, value))
}

/// At most four fields, in quotes or not (RFC 4180 2), and how many there are.
fn fields(line: &str) -> Option<([String; 4], usize)> {
    let mut fields: [String; 4] = Default::default();
    let (mut rest, mut count) = (line, 0);
    loop {
        let field = fields.get_mut(count)?;
        count += 1;
        rest = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted, field)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            rest[..end].clone_into(field);
            &rest[end..]
        };
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some((fields, count)),
        }
    }
}

/// Reads a field up to its closing quote; what comes after that.
fn quoted_field<'l>(mut rest: &'l str, field: &mut String) -> Option<&'l str> {
    loop {
        let (text, after) = rest.split_once('"')?;
        field.push_str(text);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn systems_are_found_by_both_kinds_of_addresses() {
        let file = "1.0.4.0,1.0.7.255,38803,Plain Ltd\r\n\
                    1.0.0.0,1.0.0.255,13335,\"Quoted, \"\"Inc.\"\"\"\n\n\
                    2001:200::,2001:200:1b9:ffff:ffff:ffff:ffff:ffff,2500,WIDE Project\n";
        let ranges = Ranges::open(file.as_bytes()).expect("ranges");
        for (address, asn, provider) in [
            ("1.0.0.0", 13335, "Quoted, \"Inc.\""),
            ("1.0.0.255", 13335, "Quoted, \"Inc.\""),
            ("1.0.1.0", 0, ""),
            ("1.0.5.9", 38803, "Plain Ltd"),
            ("0.255.255.255", 0, ""),
            ("2001:200::1", 2500, "WIDE Project"),
            ("2001:300::", 0, ""),
        ] {
            let (_, network) = ranges.find(ip(address));
            assert_eq!((network.asn, &*network.provider), (asn, provider), "{address}");
        }
    }

    #[test]
    fn countries_are_found_and_a_head_is_passed_over() {
        let ranges = Ranges::open(b"start,end,country\n1.0.0.0,1.0.0.255,au\n").expect("ranges");
        assert_eq!(ranges.find(ip("1.0.0.7")).0.country_code, "AU");
    }

    #[test]
    fn of_ranges_that_overlap_the_one_that_begins_later_wins() {
        let file = "0.0.0.0,255.255.255.255,AA\n10.0.0.0,10.0.0.255,BB\n10.0.0.16,10.0.0.31,CC\n\
                    10.0.0.24,10.0.1.15,DD\n255.255.255.0,255.255.255.255,EE\n10.0.0.0,10.0.0.7,FF\n";
        let ranges = Ranges::open(file.as_bytes()).expect("ranges");
        for (address, code) in [
            ("0.0.0.0", "AA"),
            ("9.255.255.255", "AA"),
            ("10.0.0.0", "FF"),
            ("10.0.0.8", "BB"),
            ("10.0.0.16", "CC"),
            ("10.0.0.23", "CC"),
            ("10.0.0.24", "DD"),
            ("10.0.1.15", "DD"),
            ("10.0.1.16", "AA"),
            ("255.255.254.255", "AA"),
            ("255.255.255.255", "EE"),
        ] {
            assert_eq!(ranges.find(ip(address)).0.country_code, code, "{address}");
        }
        assert!(ranges.v4.rows.windows(2).all(|pair| pair[0].1 < pair[1].0), "{:?}", ranges.v4.rows);
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_with_its_line() {
        let long = format!("1.0.0.0,1.0.0.255,1,{}", "x".repeat(MAX_LINE));
        for (file, why) in [
            ("", "it has no ranges"),
            ("1.0.0.0,1.0.0.255,AU\nrubbish", "line 2 is no range"),
            ("1.0.0.255,1.0.0.0,AU", "line 1 is no range"),
            ("1.0.0.0,::1,AU", "line 1 is no range"),
            ("1.0.0.0,1.0.0.255,AUS", "line 1 is no range"),
            ("1.0.0.0,1.0.0.255,-1,x", "line 1 is no range"),
            ("1.0.0.0,1.0.0.255,1,x,y", "line 1 is no range"),
            ("1.0.0.0,1.0.0.255,1,\"x", "line 1 is no range"),
            ("1.0.0.0,1.0.0.255,1,\"x\"y", "line 1 is no range"),
            ("16777216,16777471,AU", "line 1 is no range"),
            (&long, "line 1 is no range"),
        ] {
            assert_eq!(Ranges::open(file.as_bytes()).map(|_| ()), Err(why.to_owned()), "{file}");
        }
        assert!(Ranges::open(b"1.0.0.0,1.0.0.255,1,\xff").is_err());
    }
}
