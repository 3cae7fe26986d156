//! Pictures that people upload, drawn anew so that nothing but the picture is kept.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// The most bytes of a file.
pub(super) const BYTES_MAX: usize = 1024 * 1024;

const SIDE_MAX: u32 = 4096;
const MEMORY_MAX: u64 = 256 * 1024 * 1024;
// What an answer has room for.
const REDRAWN_MAX: usize = 3 * 1024 * 1024;
const JPEG_QUALITY: u8 = 90;
// Each takes a processor, and up to MEMORY_MAX.
const AT_ONCE_MAX: usize = 2;

/// A picture as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(super) media_type: String,
    pub(super) content: Vec<u8>,
}

impl Picture {
    /// What names the content.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.content).to_vec()
    }
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidPicture {
    #[error("is larger than 1 MiB")]
    TooLong,
    #[error("is neither PNG nor JPEG")]
    Format,
    #[error("is larger than {SIDE_MAX} x {SIDE_MAX}")]
    TooLarge,
}

/// Draws pictures, a few at a time. Clones share the room.
#[derive(Clone)]
pub(crate) struct Pictures {
    room: Arc<Semaphore>,
}

impl Pictures {
    /// With room for a few.
    pub(crate) fn new() -> Self {
        Self { room: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }

    /// Draws a file's picture anew.
    ///
    /// # Errors
    /// [`InvalidPicture`].
    pub(super) async fn redraw(&self, content: Vec<u8>) -> Result<Picture, InvalidPicture> {
        let _room = self.room.acquire().await;
        tokio::task::spawn_blocking(move || redraw(&content))
            .await
            .unwrap_or(Err(InvalidPicture::Format))
    }
}

fn redraw(content: &[u8]) -> Result<Picture, InvalidPicture> {
    if content.len() > BYTES_MAX {
        return Err(InvalidPicture::TooLong);
    }
    let format = image::guess_format(content).map_err(|_| InvalidPicture::Format)?;
    let media_type = match format {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        _ => return Err(InvalidPicture::Format),
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| InvalidPicture::Format)?;
    let (width, height) = decoder.dimensions();
    if width > SIDE_MAX || height > SIDE_MAX {
        return Err(InvalidPicture::TooLarge);
    }
    // The note of how the camera was held goes with the rest of the metadata.
    let orientation = decoder.orientation().map_err(|_| InvalidPicture::Format)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| InvalidPicture::Format)?;
    picture.apply_orientation(orientation);

    let mut drawn = Vec::new();
    let written = if format == ImageFormat::Png {
        let encoder = PngEncoder::new_with_quality(
            &mut drawn,
            CompressionType::Default,
            FilterType::Adaptive,
        );
        picture.write_with_encoder(encoder)
    } else {
        let rgb = DynamicImage::ImageRgb8(picture.into_rgb8());
        rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut drawn, JPEG_QUALITY))
    };
    written.map_err(|_| InvalidPicture::Format)?;
    if drawn.len() > REDRAWN_MAX {
        return Err(InvalidPicture::TooLarge);
    }
    Ok(Picture { media_type: media_type.to_owned(), content: drawn })
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut file = Vec::new();
        let picture = DynamicImage::ImageRgb8(RgbImage::new(width, height));
        picture.write_to(&mut Cursor::new(&mut file), format).unwrap();
        file
    }

    #[tokio::test]
    async fn a_picture_is_known_by_its_content() {
        let pictures = Pictures::new();
        let png = pictures.redraw(file(3, 2, ImageFormat::Png)).await.unwrap();
        assert_eq!(png.media_type, "image/png");
        let drawn = image::load_from_memory(&png.content).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (3, 2));
        let jpeg = pictures.redraw(file(3, 2, ImageFormat::Jpeg)).await.unwrap();
        assert_eq!(jpeg.media_type, "image/jpeg");
        assert_eq!(png.hash(), pictures.redraw(png.content.clone()).await.unwrap().hash());
    }

    #[tokio::test]
    async fn nothing_but_the_picture_is_kept() {
        let mut png = file(1, 1, ImageFormat::Png);
        // A text chunk before the end, with its checksum.
        let end = png.len() - 12;
        let mut chunk = vec![0, 0, 0, 12];
        chunk.extend(b"tEXtAuthor\0secret");
        chunk.truncate(4 + 4 + 12);
        chunk.extend([0, 0, 0, 0]);
        png.splice(end..end, chunk);
        if let Ok(drawn) = redraw(&png) {
            assert!(!drawn.content.windows(6).any(|window| window == b"Author"));
        }
        let mut jpeg = file(1, 1, ImageFormat::Jpeg);
        let comment = [&[0xff, 0xfe, 0, 8][..], b"secret"].concat();
        jpeg.splice(2..2, comment);
        let drawn = redraw(&jpeg).unwrap();
        assert!(!drawn.content.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(
            redraw(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            Err(InvalidPicture::Format)
        );
        assert_eq!(redraw(b""), Err(InvalidPicture::Format));
        let whole = file(40, 40, ImageFormat::Png);
        assert_eq!(redraw(&whole[..40]), Err(InvalidPicture::Format));
        assert_eq!(redraw(&vec![0; BYTES_MAX + 1]), Err(InvalidPicture::TooLong));
        let wide = file(SIDE_MAX + 1, 1, ImageFormat::Png);
        assert_eq!(redraw(&wide), Err(InvalidPicture::TooLarge));
        assert!(redraw(&file(SIDE_MAX, 1, ImageFormat::Png)).is_ok());
    }
}
