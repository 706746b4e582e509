//! The perceptual hash against scipy and Pillow (`tests/reference/phash.py`).

use image::{Rgb, RgbImage, imageops};
use mdfe_data::curate::{hash_of_gray, near_by_features, perceptual_hash};

/// The image of the reference script, by the same formula.
pub(crate) fn image(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let channels = [x * 7 + y * 3 + x * y / 50, x * 2 + y * 5, 3 * (x - 20).pow(2) / 16 + y];
        Rgb(channels.map(|c| c as u8))
    })
}

#[test]
fn the_hash_is_that_of_scipy_and_pillow() {
    // Exact: gray conversion and Lanczos are Pillow's to the byte, and no frequency lies within rounding of the median.
    assert_eq!(perceptual_hash(&image(32, 32)), Some(0x922d6a565d32ab3a));
    assert_eq!(perceptual_hash(&image(97, 61)), Some(0x9c8133664f5ef207));
    assert_eq!(perceptual_hash(&image(300, 200)), Some(0xf802f952f852f952));
}

#[test]
fn a_plain_image_has_no_hash() {
    assert_eq!(perceptual_hash(&RgbImage::from_pixel(50, 50, Rgb([200, 10, 10]))), None);
    let mut gray = [128; 1024];
    (0..1024).step_by(7).for_each(|i| gray[i] += 1);
    assert_eq!(hash_of_gray(&gray), None, "noise of one level");
    (0..16).for_each(|x| (0..32).for_each(|y| gray[y * 32 + x] = 140));
    assert!(hash_of_gray(&gray).is_some());
}

#[test]
fn scaling_and_toning_change_few_bits() {
    let original = imageops::blur(&image(300, 200), 12.0);
    let hash = perceptual_hash(&original).unwrap();
    let distance = |changed: &RgbImage| (perceptual_hash(changed).unwrap() ^ hash).count_ones();
    assert!(distance(&imageops::resize(&original, 150, 100, imageops::FilterType::Triangle)) <= 4);
    let toned = RgbImage::from_fn(300, 200, |x, y| {
        Rgb(original.get_pixel(x, y).0.map(|c| (f32::from(c) * 0.9) as u8))
    });
    assert!(distance(&toned) <= 4);
    assert!(distance(&imageops::flip_vertical(&original)) > 16);
}

#[test]
fn features_find_pairs_above_a_cosine() {
    let features = [1.0, 0.0, 0.0, 1.0, 0.8, 0.6, 0.6, 0.8];
    let (pairs, more) = near_by_features(&features, 2, 0.79, 10).unwrap();
    // Rows 0 and 2: 0.8; 1 and 3: 0.8; 2 and 3: 0.96; the others at most 0.6.
    assert_eq!(pairs.iter().map(|p| (p.first, p.second)).collect::<Vec<_>>(), [(0, 2), (1, 3), (2, 3)]);
    assert!((pairs[2].cosine - 0.96).abs() < 1e-6 && !more);
    assert_eq!(near_by_features(&features, 2, 0.79, 2).unwrap(), (pairs[..2].to_vec(), true));
    assert!(!near_by_features(&features, 2, 0.79, 3).unwrap().1);
    assert!(near_by_features(&features, 3, 0.5, 3).is_err());
}
