//! Pixels as a file, by the specification of PNG (W3C, third edition). Imports: nothing.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// The file of `pixels`, four bytes each, row by row.
pub(super) fn encoded(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = |length: usize| u32::try_from(length).expect("an image has few pixels").to_be_bytes();
    // Eight bits for each of red, green, blue and opacity; not interlaced.
    chunk(b"IHDR", &[&size(width)[..], &size(height)[..], &[8, 6, 0, 0, 0]].concat(), &mut file);
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks_exact(width * 4) {
        // Flat colours are smallest as they are: no filter.
        deflated.write_all(&[0]).and_then(|()| deflated.write_all(row)).expect("a Vec takes all");
    }
    chunk(b"IDAT", &deflated.finish().expect("a Vec takes all"), &mut file);
    chunk(b"IEND", &[], &mut file);
    file
}

fn chunk(kind: &[u8; 4], data: &[u8], file: &mut Vec<u8>) {
    let length = u32::try_from(data.len()).expect("an image is small");
    file.extend(length.to_be_bytes());
    let checked = file.len();
    file.extend(kind);
    file.extend(data);
    let mut sum = Crc::new();
    sum.update(&file[checked..]);
    file.extend(sum.sum().to_be_bytes());
}
