//! Training transforms: the deterministic parts against torchvision, the random ones by their properties.

use crate::cases::{cases, difference, expected, file, interleave, plain};
use mdfe_data::{
    Augmentation, ColorJitter, ColorOp, CropBox, CropRange, Error, Preprocessor, SampleKey, TransformKind,
    Transformer, identity::Fingerprint,
};
use std::collections::HashSet;

/// The key of one of many images.
fn key(image: u32) -> SampleKey {
    SampleKey { seed: 3, round: 1, image: Fingerprint::of(&image.to_le_bytes()) }
}

#[test]
fn crop_flip_and_colors_give_torchvisions_bytes() {
    let image = mdfe_data::decode(&file("landscape.png")).unwrap();
    let cases = cases().augmentation;
    assert!(cases.len() >= 11, "the fixtures are all there");
    for case in cases {
        let [top, left, height, width] = case.crop;
        let color = |(name, factor): &(String, f32)| match name.as_str() {
            "brightness" => ColorOp::Brightness(*factor),
            "contrast" => ColorOp::Contrast(*factor),
            "saturation" => ColorOp::Saturation(*factor),
            other => panic!("no operation is called {other}"),
        };
        let drawn = Augmentation {
            crop: CropBox { top, left, height, width },
            flip: case.flip,
            colors: case.colors.iter().map(color).collect(),
        };
        let mut worker = Transformer::new(TransformKind::Custom, &plain([case.size; 2]));
        let mut out = vec![0.0; worker.output_len()];
        worker.augment(&image, &drawn, &mut out).unwrap();
        assert_eq!(difference(&interleave(&out), &expected(&case.expected)), 0, "{drawn:?}");
    }
}

fn pixels(kind: TransformKind, key: SampleKey) -> Vec<f32> {
    let mut worker = Transformer::new(kind, &plain([24, 24]));
    let mut out = vec![0.0; worker.output_len()];
    // A square: of an image much wider than high no part of ratio 1 has 0.9 of the area.
    worker.load(&file("evaluation_3.png"), key, &mut out).unwrap();
    out
}

#[test]
fn seed_epoch_and_sample_each_change_random_pixels_and_nothing_else_does() {
    for kind in TransformKind::ALL {
        let first = pixels(kind, key(7));
        assert_eq!(first, pixels(kind, key(7)), "{kind}");
        for other in [SampleKey { seed: 4, ..key(7) }, SampleKey { round: 2, ..key(7) }, key(8)] {
            assert_eq!(first != pixels(kind, other), kind.is_random(), "{kind} {other:?}");
        }
    }
}

#[test]
fn transforms_without_chance_are_the_evaluation_transform() {
    let record = plain([24, 24]);
    let mut out = vec![0.0; 3 * 24 * 24];
    Preprocessor::new(record).load(&file("evaluation_3.png"), &mut out).unwrap();
    assert_eq!(out, pixels(TransformKind::Eval, key(7)));
    assert_eq!(out, pixels(TransformKind::OpenAiClip, key(7)));
}

#[test]
fn drawn_crops_keep_to_their_range() {
    let near = CropRange { scale: [0.9, 1.0], ratio: [1.0, 1.0] };
    for (range, size) in [(near, [100, 100]), (CropRange::default(), [90, 130])] {
        let mut seen = HashSet::new();
        for sample in 0..300 {
            let crop = range.draw(size, &mut key(sample).generator());
            assert!(crop.top + crop.height <= size[0] && crop.left + crop.width <= size[1], "{crop:?}");
            let (area, ratio) = ((crop.height * crop.width) as f64, crop.width as f64 / crop.height as f64);
            let share = area / (size[0] * size[1]) as f64;
            // Rounding a side of at least 20 pixels changes area and ratio by less than 6 %.
            assert!(share > range.scale[0] * 0.94 && share <= range.scale[1] * 1.03, "{crop:?}");
            assert!(ratio > range.ratio[0] * 0.94 && ratio < range.ratio[1] * 1.06, "{crop:?}");
            seen.insert((crop.top, crop.left, crop.height, crop.width));
        }
        assert!(seen.len() > 30);
    }
}

#[test]
fn image_too_narrow_for_the_ratio_gives_its_largest_centered_part() {
    let crop = CropRange { scale: [0.9, 1.0], ratio: [1.0, 1.0] }.draw([10, 100], &mut key(7).generator());
    assert_eq!(crop, CropBox { top: 0, left: 45, height: 10, width: 10 });
    let crop = CropRange::default().centered([100, 30]);
    assert_eq!(crop, CropBox { top: 30, left: 0, height: 40, width: 30 });
}

#[test]
fn jitter_draws_every_order_and_keeps_to_its_factors() {
    let mut orders = HashSet::new();
    for sample in 0..200 {
        let ops = ColorJitter::default().draw(&mut key(sample).generator());
        let order = ops.map(|op| {
            let (name, factor) = match op {
                ColorOp::Brightness(f) => ('b', f),
                ColorOp::Contrast(f) => ('c', f),
                ColorOp::Saturation(f) => ('s', f),
            };
            assert!((0.6..=1.4).contains(&factor));
            name
        });
        orders.insert(order);
    }
    assert_eq!(orders.len(), 6);
}

#[test]
fn unknown_transform_lists_the_known_ones() {
    let fault = "open-clip".parse::<TransformKind>().unwrap_err();
    assert!(matches!(&fault, Error::Unknown { known, .. } if known.starts_with("openclip")), "{fault}");
    for kind in TransformKind::ALL {
        assert_eq!(kind.name().parse::<TransformKind>().unwrap(), kind);
    }
}

#[test]
fn crop_outside_the_image_is_an_error() {
    let image = image::RgbImage::new(8, 8);
    let crop = CropBox { top: 0, left: 4, height: 8, width: 5 };
    let drawn = Augmentation { crop, flip: false, colors: vec![] };
    let mut worker = Transformer::new(TransformKind::OpenClip, &plain([4, 4]));
    assert!(matches!(worker.augment(&image, &drawn, &mut [0.0; 48]), Err(Error::Invalid(_))));
}
