//! The size and the memory that an image may have: the one place that refuses for it, whatever the format.

/// No image is wider or higher; a file that says so is broken or hostile.
const MAX_SIDE: u64 = 32_768;
/// Pixels of the largest image: Pillow refuses more than twice its `MAX_IMAGE_PIXELS` as a decompression bomb.
const MAX_PIXELS: u64 = 2 * (1024 * 1024 * 1024 / 4 / 3);

/// What a header says about the image and what decoding it will take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// Pixels of a row.
    pub(super) width: u64,
    /// Rows.
    pub(super) height: u64,
    /// The most bytes that decoding holds at once: coefficients, samples, scratch images and the result.
    pub(super) bytes: u64,
}

impl Demand {
    /// Bytes of an RGB image of this size.
    pub(super) fn rgb(width: u64, height: u64) -> u64 {
        width.saturating_mul(height).saturating_mul(3)
    }

    /// The same where a turned copy of the result is made in the end, when all else is gone.
    pub(super) fn and_turned(self) -> Self {
        let both = Self::rgb(self.width, self.height).saturating_mul(2);
        Self { bytes: self.bytes.max(both), ..self }
    }

    /// Refuses what is too much; called before memory is taken.
    pub(super) fn check(self, max_bytes: u64) -> Result<(), String> {
        let Self { width, height, bytes } = self;
        if width == 0 || height == 0 {
            return Err("the image has no pixels".to_owned());
        }
        if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
            return Err(format!(
                "{width} x {height} pixels are too many; at most {MAX_SIDE} a side and {MAX_PIXELS} in all are decoded"
            ));
        }
        if bytes > max_bytes {
            return Err(format!(
                "decoding its {width} x {height} pixels takes {:.1} MB of memory, more than the {:.1} MB that one image \
                 may take; make it smaller",
                bytes as f64 / 1e6,
                max_bytes as f64 / 1e6
            ));
        }
        Ok(())
    }
}

/// Why an image is refused that its decoder, half way, found to need more than the limit, by how much it cannot say.
pub(super) fn exceeded(max_bytes: u64) -> String {
    format!(
        "decoding it takes more than the {:.1} MB of memory that one image may take; make it smaller",
        max_bytes as f64 / 1e6
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_need_and_the_limit() {
        let fits = Demand { width: 1000, height: 1000, bytes: 5_000_000 };
        assert_eq!(fits.check(5_000_000), Ok(()));
        let fault = fits.check(4_999_999).unwrap_err();
        assert!(fault.contains("1000 x 1000") && fault.contains("takes 5.0 MB"), "{fault}");
        for (width, height) in [(32_769, 1), (1, 32_769), (13_378, 13_378)] {
            let fault = Demand { width, height, bytes: 0 }.check(u64::MAX).unwrap_err();
            assert!(fault.contains("178956970"), "{fault}");
        }
        assert!(Demand { width: 0, height: 1, bytes: 0 }.check(1).unwrap_err().contains("no pixels"));
    }
}
