//! What pictures tell.

mod analyses;
mod compare;
mod exif;
mod similar;
mod strip;

use atalaya_tests::pictures::Pixels;

/// A picture with detail of every size: hashes of what is all smooth are a matter of chance.
fn detailed(width: usize, height: usize) -> Pixels {
    Pixels::made(width, height, |x, y| {
        let (x, y) = (x as f64 / width as f64, y as f64 / height as f64);
        let light = 120.0 + 60.0 * (x * 11.0).sin() * (y * 7.0).cos() + 60.0 * (x * y * 9.0 + y).sin();
        [light as u8, (light * 0.8) as u8, (255.0 - light) as u8]
    })
}
