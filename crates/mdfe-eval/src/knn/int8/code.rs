//! A row as bytes.

/// The scale of a row of signed bytes: value `d` is about `scale * codes[d]`, codes from -127 to 127, symmetric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Int8Code {
    /// The largest magnitude of the row, over 127; 1 for a row of zeros.
    pub scale: f32,
}

impl Int8Code {
    /// Writes the nearest codes of `row [D]`, whose values are finite, to `codes [D]`.
    pub fn encode(row: &[f32], codes: &mut [i8]) -> Self {
        let largest = row.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        // The scale may be as small as the smallest f32; what rounding it does to the codes is in the error.
        let scale = largest / 127.0;
        let scale = if scale > 0.0 { scale } else { 1.0 };
        for (code, &value) in codes.iter_mut().zip(row) {
            *code = (value / scale).round().clamp(-127.0, 127.0) as i8;
        }
        Self { scale }
    }

    /// Writes the values that the codes stand for, each rounded to f32 once.
    #[inline]
    pub fn decode(self, codes: &[i8], row: &mut [f32]) {
        for (value, &code) in row.iter_mut().zip(codes) {
            *value = self.scale * f32::from(code);
        }
    }

    /// An upper bound of the L2 norm of `row - scale * codes`: what the codes leave out of a row.
    pub fn error(self, codes: &[i8], row: &[f32]) -> f32 {
        let left = |(&code, &value): (&i8, &f32)| {
            // The product of an f32 and a byte is exact in f64.
            let left = f64::from(value) - f64::from(self.scale) * f64::from(code);
            left * left
        };
        let square: f64 = codes.iter().zip(row).map(left).sum();
        // The sum of n squares in f64 is off by less than 1e-9 of itself for any row that fits into memory.
        if square == 0.0 { 0.0 } else { ((square.sqrt() * (1.0 + 1e-9)) as f32).next_up() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_reach_127_and_their_error_is_what_they_leave_out() {
        let row = [0.5f32, -1.0, 0.25, 0.0];
        let mut codes = [0; 4];
        let code = Int8Code::encode(&row, &mut codes);
        assert_eq!((codes, code.scale), ([64, -127, 32, 0], 1.0 / 127.0));
        let mut back = [0.0; 4];
        code.decode(&codes, &mut back);
        let left = row.iter().zip(back).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        let error = f64::from(code.error(&codes, &row));
        assert!(error >= left * (1.0 - 1e-6) && error < left * 1.000_01 && left > 0.0, "{error} {left}");
    }

    #[test]
    fn rows_of_zeros_and_of_the_smallest_values_have_codes() {
        let mut codes = [1; 2];
        assert_eq!(Int8Code::encode(&[0.0, 0.0], &mut codes), Int8Code { scale: 1.0 });
        assert_eq!(codes, [0, 0]);
        let tiny = [f32::from_bits(1), -f32::from_bits(3)];
        let code = Int8Code::encode(&tiny, &mut codes);
        assert!(code.scale > 0.0 && code.error(&codes, &tiny) >= 0.0);
    }
}
