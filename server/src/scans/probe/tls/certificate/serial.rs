//! Serial numbers: whole numbers of up to 20 bytes (RFC 5280, 4.1.2.2), in fact of any length, and negative ones.

use super::hex;

/// Most bytes of a number that is shown in decimal digits.
const MAX_BYTES: usize = 256;
/// Nine decimal digits at once.
const BILLION: u64 = 1_000_000_000;

/// A number in two's complement, the highest byte first, in decimal digits.
pub(super) fn written(bytes: &[u8]) -> String {
    if bytes.len() > MAX_BYTES {
        return format!("0x{}…", hex(&bytes[..MAX_BYTES]));
    }
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut number = bytes.to_vec();
    if negative {
        negate(&mut number);
    }
    let mut parts = Vec::new();
    loop {
        let (part, is_zero) = divide(&mut number);
        parts.push(part);
        if is_zero {
            break;
        }
    }
    let mut text = String::from(if negative { "-" } else { "" });
    let last = parts.pop().unwrap_or_default();
    text.push_str(&last.to_string());
    text.extend(parts.into_iter().rev().map(|part| format!("{part:09}")));
    text
}

/// Turns the sign: every bit, and one more.
fn negate(number: &mut [u8]) {
    let mut carry = true;
    for byte in number.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Divides by a billion; what remains, and whether nothing is left.
fn divide(number: &mut [u8]) -> (u64, bool) {
    let mut rest = 0;
    for byte in number.iter_mut() {
        let value = rest << 8 | u64::from(*byte);
        // A rest below a billion, times 256, divided by a billion, is below 256.
        *byte = (value / BILLION) as u8;
        rest = value % BILLION;
    }
    (rest, number.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal_whatever_their_sign_and_length() {
        for number in
            [0, 1, 127, 128, 255, 256, -1, -128, -129, 999_999_999, 1_000_000_000, i128::MAX, i128::MIN]
        {
            assert_eq!(written(&number.to_be_bytes()), number.to_string());
        }
        assert_eq!(written(&[0xFF]), "-1");
        assert_eq!(written(&[0x80]), "-128");
        assert_eq!(written(&[]), "0");
        let mut long = [0; 20];
        long[0] = 0x7F;
        assert_eq!(written(&long), "725041827894627619577609272480343529282435284992");
    }

    #[test]
    fn numbers_that_nobody_reads_are_cut_off() {
        let text = written(&vec![0xAB; 60_000]);
        assert!(text.starts_with("0xabab") && text.ends_with('…') && text.len() == 2 + 2 * MAX_BYTES + 3);
        assert_eq!(written(&[0x7F; MAX_BYTES]).len(), 617);
    }
}
