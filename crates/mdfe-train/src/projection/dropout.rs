//! Dropout on the features.

use crate::random::{Purpose, stream};
use rand::Rng;

/// Inverted dropout in place, as `torch.nn.Dropout`: a value is zeroed with this probability, the others are divided by 1 - probability.
///
/// The mask is a function of seed and step alone. Probabilities are multiples of 2^-16.
pub fn dropout(features: &mut [f32], probability: f64, seed: u64, step: usize) {
    if probability <= 0.0 {
        return;
    }
    let limit = (probability * 65536.0).round() as u32;
    let scale = (1.0 / (1.0 - probability)) as f32;
    let mut bytes = vec![0u8; features.len() * 2];
    stream(seed, Purpose::Dropout, step).fill_bytes(&mut bytes);
    for (value, bytes) in features.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *value = if u32::from(u16::from_le_bytes(*bytes)) < limit { 0.0 } else { *value * scale };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_zeroes_its_share_and_keeps_the_mean() {
        let mut values = vec![1.0; 100_000];
        dropout(&mut values, 0.2, 1, 0);
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        // Binomial: standard deviation 126.
        assert!((19_400..20_600).contains(&zeros), "{zeros}");
        assert!(values.iter().all(|v| *v == 0.0 || *v == 1.25));
    }

    #[test]
    fn dropout_masks_differ_between_steps_and_repeat_within_one() {
        let mask = |step| {
            let mut values = vec![1.0; 64];
            dropout(&mut values, 0.5, 1, step);
            values
        };
        assert_eq!(mask(3), mask(3));
        assert_ne!(mask(3), mask(4));
    }
}
