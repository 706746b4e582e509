//! Resize, crop, padding and normalisation, against timm's evaluation transform.

use crate::cases::{cases, difference, expected, file, interleave, plain};
use mdfe_data::{Error, PreprocessRecord, Preprocessor};

#[test]
fn every_crop_mode_and_filter_gives_timms_bytes() {
    let cases = cases().evaluation;
    assert!(cases.len() >= 12, "the fixtures are all there");
    for case in cases {
        let record = PreprocessRecord {
            interpolation: case.interpolation,
            crop_mode: case.crop_mode,
            crop_fraction: case.crop_fraction,
            fill: case.fill,
            ..plain(case.size)
        };
        let mut worker = Preprocessor::new(record);
        let mut out = vec![0.0; worker.output_len()];
        worker.load(&file(&case.source), &mut out).unwrap();
        let wanted = expected(&case.expected);
        assert_eq!(difference(&interleave(&out), &wanted), 0, "{} by {:?}", case.source, case.crop_mode);
    }
}

#[test]
fn values_are_normalised_per_channel_in_f32() {
    let record =
        PreprocessRecord { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], ..plain([2, 2]) };
    let image = image::RgbImage::from_fn(2, 2, |x, y| image::Rgb([10, 200, (x + 2 * y) as u8 * 80]));
    let mut out = [0.0; 12];
    Preprocessor::new(record).apply(&image, &mut out).unwrap();
    // The steps of `ToTensor` and `Normalize` in f32, by NumPy 2.4.
    let wanted = [-1.946_656_5, 1.465_686_3, -1.804_444_4, -0.410_108_83, 0.984_226_76, 2.378_562_5];
    assert_eq!(out[..4], [wanted[0]; 4]);
    assert_eq!(out[4..8], [wanted[1]; 4]);
    assert_eq!(out[8..], wanted[2..]);
    // The same by hand, in fractions: (10/255 - 0.485) / 0.229 and so on. Three roundings of values up to 1, divided by
    // at least 0.22, are off by less than 1e-6.
    let exact = [
        -22_735.0 / 11_679.0,
        299.0 / 204.0,
        -406.0 / 225.0,
        -4706.0 / 11_475.0,
        11_294.0 / 11_475.0,
        9098.0 / 3825.0,
    ];
    assert!(wanted.iter().zip(exact).all(|(&a, b): (&f32, f64)| (f64::from(a) - b).abs() < 1e-6));
}

#[test]
fn worker_that_is_used_again_gives_the_bytes_of_a_fresh_one() {
    let record = plain([20, 24]);
    let mut worker = Preprocessor::new(record.clone());
    let mut out = vec![0.0; worker.output_len()];
    for name in ["landscape.png", "portrait.png", "tiny_420.jpg", "landscape.png"] {
        worker.load(&file(name), &mut out).unwrap();
        let mut fresh = vec![0.0; out.len()];
        Preprocessor::new(record.clone()).load(&file(name), &mut fresh).unwrap();
        assert_eq!(out, fresh, "{name}");
    }
}

#[test]
fn buffer_of_another_length_and_a_senseless_record_are_errors() {
    let image = image::RgbImage::new(4, 4);
    let fault = Preprocessor::new(plain([2, 2])).apply(&image, &mut [0.0; 11]);
    assert!(matches!(fault, Err(Error::Invalid(_))));
    for record in [plain([0, 2]), PreprocessRecord { crop_fraction: 0.0, ..plain([2, 2]) }] {
        let mut out = vec![0.0; 3 * record.size[0] * record.size[1]];
        assert!(matches!(Preprocessor::new(record).apply(&image, &mut out), Err(Error::Invalid(_))));
    }
}

#[test]
fn strip_that_would_become_gigabytes_is_refused() {
    let image = image::RgbImage::new(1, 30_000);
    let mut out = vec![0.0; 3 * 384 * 384];
    let fault = Preprocessor::new(plain([384, 384])).apply(&image, &mut out).unwrap_err().to_string();
    assert!(fault.contains("1 x 30000 pixels would be resized to 384 x 11520000"), "{fault}");
}
