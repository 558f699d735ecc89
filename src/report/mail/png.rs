//! A picture as PNG, deflated as small as it gets: the drawing library's own writer is fast, and ten times as large.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// Eight bits per channel, red, green, blue and alpha.
const DEPTH_AND_COLOUR: [u8; 5] = [8, 6, 0, 0, 0];
/// Each row as its difference from the row above, of which there is little in bars.
const FILTER_UP: u8 = 2;

/// `None` where the picture can't be written, which would be a picture of gigabytes.
pub(super) fn png(picture: &Pixmap) -> Option<Vec<u8>> {
    let mut header = [picture.width().to_be_bytes(), picture.height().to_be_bytes()].concat();
    header.extend(DEPTH_AND_COLOUR);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &header)?;
    chunk(&mut file, *b"IDAT", &rows(picture)?)?;
    chunk(&mut file, *b"IEND", &[])?;
    Some(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    file.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    file.extend(name);
    file.extend(content);
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    file.extend(sum.sum().to_be_bytes());
    Some(())
}

fn rows(picture: &Pixmap) -> Option<Vec<u8>> {
    let width = usize::try_from(picture.width()).ok()?;
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut above = vec![0; width * 4];
    for row in picture.pixels().chunks(width) {
        let colours = row.iter().map(PremultipliedColorU8::demultiply);
        let bytes: Vec<u8> = colours
            .flat_map(|colour| [colour.red(), colour.green(), colour.blue(), colour.alpha()])
            .collect();
        let filtered: Vec<u8> =
            bytes.iter().zip(&above).map(|(byte, above)| byte.wrapping_sub(*above)).collect();
        deflated.write_all(&[FILTER_UP]).ok()?;
        deflated.write_all(&filtered).ok()?;
        above = bytes;
    }
    deflated.finish().ok()
}
