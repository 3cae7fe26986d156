//! What simulated calls sound like.

// MPEG-2 layer III, 8 kbit/s, 16 kHz, mono: 36 bytes hold 36 ms.
const HEADER: [u8; 4] = [0xff, 0xf3, 0x18, 0xc4];
const FRAME_BYTES: usize = 36;
const FRAMES: usize = 28;

/// A second of silence as MP3. A frame whose side information is all zeros has no sound in it.
pub(super) fn silence() -> Vec<u8> {
    let mut frame = [0; FRAME_BYTES];
    frame[..HEADER.len()].copy_from_slice(&HEADER);
    frame.repeat(FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_follows_from_the_one_before() {
        let sound = silence();
        let mut at = 0;
        let mut frames = 0;
        while at < sound.len() {
            let header = u32::from_be_bytes(sound[at..at + 4].try_into().unwrap());
            assert_eq!(header >> 21, 0x7ff, "frame sync");
            assert_eq!(header >> 19 & 0b11, 0b10, "MPEG version 2");
            assert_eq!(header >> 17 & 0b11, 0b01, "layer III");
            let bit_rate = [8_000][usize::try_from((header >> 12 & 0xf) - 1).unwrap()];
            let sample_rate =
                [22_050, 24_000, 16_000][usize::try_from(header >> 10 & 0b11).unwrap()];
            at += 72 * bit_rate / sample_rate;
            frames += 1;
        }
        assert_eq!((at, frames), (sound.len(), FRAMES));
    }
}
