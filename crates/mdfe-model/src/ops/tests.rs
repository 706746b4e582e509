//! Every operation against f64 loops, at every level that this CPU has, with sizes that leave remainders.

use super::{attention::*, epilogue::*, packed::Packed, shared::SharedMut, *};
use half::bf16;
use mdfe_simd::Level;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random(seed: u64, n: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn product_error<E: Element>(level: Level, m: usize, n: usize, k: usize) -> f64 {
    let narrow = |v: Vec<f32>| v.into_iter().map(|x| E::from_f32(x).to_f32()).collect::<Vec<_>>();
    let (a, w) = (narrow(random(1, m * k)), narrow(random(2, n * k)));
    let bias = random(3, n);
    let typed: Vec<E> = a.iter().map(|x| E::from_f32(*x)).collect();
    let mut out = vec![0f32; m * n];
    let packed = Packed::<E>::transposed(level, &w, k);
    matmul(&typed, &packed, Store { out: SharedMut::new(&mut out), width: n, bias: Some(&bias), act: None });
    let mut worst = 0f64;
    for i in 0..m {
        for j in 0..n {
            let dot: f64 = (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(w[j * k + p])).sum();
            worst = worst.max((dot + f64::from(bias[j]) - f64::from(out[i * n + j])).abs());
        }
    }
    worst
}

#[test]
fn products_equal_f64_loops_at_every_level_and_size() {
    // f32 sums of k products of values below 1: the error stays below k · 2^-24 · sqrt(k) / 3.
    for level in Level::available() {
        for (m, n, k) in [(1, 1, 2), (5, 16, 4), (7, 65, 10), (97, 80, 34), (13, 130, 2050)] {
            let bound = 2e-7 * (k as f64);
            let f32_error = product_error::<f32>(level, m, n, k);
            assert!(f32_error < bound, "{level} {m}x{n}x{k}: {f32_error:e}");
            let bf16_error = product_error::<bf16>(level, m, n, k);
            assert!(bf16_error < 2.0 * bound, "{level} bf16 {m}x{n}x{k}: {bf16_error:e}");
        }
    }
}

#[test]
#[should_panic(expected = "past its panel")]
fn a_tile_that_reaches_past_its_panel_is_refused() {
    let (a, b, mut acc) = ([0f32; 8], [0f32; 31], [0f32; 64]);
    let tile = tile::Tile { a: &a, lda: 2, b: &b, groups: 2, acc: &mut acc, fresh: true };
    element::run(Level::current(), 1, 1, tile);
}

#[test]
fn attention_equals_the_formula_at_every_level() {
    let shape = AttentionShape { batch: 2, tokens: 67, heads: 3, head_dim: 20 };
    let (t, h, d) = (shape.tokens, shape.heads, shape.head_dim);
    let qkv = random(4, 2 * t * 3 * h * d);
    let at = |b: usize, i: usize, which: usize, head: usize, c: usize| {
        f64::from(qkv[(((b * t + i) * 3 + which) * h + head) * d + c])
    };
    for level in Level::available() {
        let mut out = vec![0f32; 2 * t * h * d];
        attention(level, shape, &qkv, &mut out);
        for (b, i, head) in [(0, 0, 0), (0, 66, 2), (1, 48, 1), (1, 30, 0)] {
            let score = |j: usize| (0..d).map(|c| at(b, i, 0, head, c) * at(b, j, 1, head, c)).sum::<f64>();
            let weights: Vec<f64> = (0..t).map(|j| (score(j) / (d as f64).sqrt()).exp()).collect();
            let total: f64 = weights.iter().sum();
            for c in 0..d {
                let exact: f64 = (0..t).map(|j| weights[j] / total * at(b, j, 2, head, c)).sum();
                let got = f64::from(out[((b * t + i) * h + head) * d + c]);
                assert!((exact - got).abs() < 1e-6, "{level} {b} {i} {head} {c}: {exact} {got}");
            }
        }
    }
}

#[test]
fn bf16_attention_stays_within_its_rounding_at_every_level() {
    let shape = AttentionShape { batch: 1, tokens: 67, heads: 2, head_dim: 16 };
    let qkv: Vec<bf16> = random(5, 67 * 3 * 32).into_iter().map(Number::from_f32).collect();
    let wide: Vec<f32> = qkv.iter().map(|x| Number::to_f32(*x)).collect();
    for level in Level::available() {
        let (mut narrow, mut exact) = (vec![bf16::default(); 67 * 32], vec![0f32; 67 * 32]);
        attention(level, shape, &qkv, &mut narrow);
        attention(level, shape, &wide, &mut exact);
        // Averages of values below 1 whose weights and results are rounded to 8 bits: 2^-8 in all.
        let worst =
            narrow.iter().zip(&exact).map(|(a, b)| (Number::to_f32(*a) - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1.0 / 256.0, "{level}: {worst}");
    }
}

#[test]
fn layer_norm_equals_the_formula_at_every_level() {
    let (x, w, b) = (random(6, 3 * 70), random(7, 70), random(8, 70));
    let norm = Norm { weight: &w, bias: &b, eps: 1e-6 };
    for level in Level::available() {
        let mut out = vec![0f32; x.len()];
        norm.write(level, &x, &mut out);
        let mut same = x.clone();
        norm.in_place(level, &mut same);
        assert_eq!(out, same, "{level}");
        for (x, out) in x.chunks(70).zip(out.chunks(70)) {
            let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / 70.0;
            let var = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / 70.0;
            for i in 0..70 {
                let exact =
                    (f64::from(x[i]) - mean) / (var + 1e-6).sqrt() * f64::from(w[i]) + f64::from(b[i]);
                assert!((exact - f64::from(out[i])).abs() < 2e-6, "{level}");
            }
        }
    }
}

#[test]
fn bf16_rounds_like_half() {
    for x in random(9, 1000).into_iter().chain([0.0, -0.0, f32::INFINITY, 1e-40, 3.389e38]) {
        assert_eq!(<bf16 as Number>::from_f32(x).to_bits(), bf16::from_f32(x).to_bits(), "{x}");
    }
    assert!(<bf16 as Number>::from_f32(f32::NAN).is_nan());
}

#[test]
fn dot_products_and_means_equal_the_formula_with_and_without_a_remainder() {
    for n in [1, 15, 16, 40] {
        let (a, b) = (random(10, n), random(11, n));
        let exact: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        // Up to 40 roundings of sums below 40.
        assert!((f64::from(dot::<16, f32>(&a, &b)) - exact).abs() < 1e-5, "{n}");
        assert!((f64::from(dot::<8, f32>(&a, &b)) - exact).abs() < 1e-5, "{n}");
    }
    let mut out = [0f32; 2];
    mean(&[1.0, 2.0, 3.0, 6.0, 5.0, 1.0], &mut out);
    assert_eq!(out, [3.0, 3.0]);
}
