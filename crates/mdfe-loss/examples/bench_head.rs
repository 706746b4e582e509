//! One training step from features, timed: projection 1152 -> 64 with dropout 0.2, ArcFace, Adam on both.
//!
//! Prints the rows of the PyTorch baseline (medians, and the least time, which says more on a busy machine): `bench_head [--threads 2] [--classes 34800] [--sample 0.1] [--seconds 8]`.
//! `level` is the instruction set of loss and optimizer, which `MDFE_SIMD` may lower; `gemm`, which multiplies for the projection, chooses its own.

use mdfe_loss::{
    ArcFace, Batch, CenterShape, CenterUpdate, ClassSample, FusedStep, Level, LossOptions, MarginLoss,
};
use mdfe_simd::{Simd, WithSimd};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{error::Error, time::Instant};

const BATCH: usize = 128;
const FEATURES: usize = 1152;
const DIM: usize = 64;

/// Adam's averages of the gradient and of its square, one of each for every value.
struct Moments<T> {
    first: T,
    second: T,
}

impl Moments<Vec<f32>> {
    /// Not zero, whose pages the system would hand out one by one during the first steps.
    fn new(count: usize) -> Self {
        Self { first: vec![f32::MIN_POSITIVE; count], second: vec![f32::MIN_POSITIVE; count] }
    }

    fn as_mut(&mut self) -> Moments<&mut [f32]> {
        Moments { first: &mut self.first, second: &mut self.second }
    }
}

/// Adam with coupled weight decay, as `torch.optim.Adam`.
struct Adam<'a> {
    moments: Moments<&'a mut [f32]>,
    rates: Rates,
    row: usize,
}

/// The learning rate and the root of the second moment's weight, both corrected for the moments' start at zero.
#[derive(Clone, Copy)]
struct Rates {
    rate: f32,
    root: f32,
}

/// The shares of the first and of the second moment that stay in a step.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;

impl Rates {
    fn at(step: f32) -> Self {
        let rate = 2e-2 / (1.0 - BETA_1.powf(step));
        Self { rate, root: 1.0 / (1.0 - BETA_2.powf(step)).sqrt() }
    }
}

impl CenterUpdate for Adam<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let (rates, row) = (self.rates, self.row);
        let (first, more_first) = self.moments.first.split_at_mut(rows * row);
        let (second, more_second) = self.moments.second.split_at_mut(rows * row);
        let more = Moments { first: more_first, second: more_second };
        (Self { moments: Moments { first, second }, rates, row }, Self { moments: more, rates, row })
    }

    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
        let range = first_row * self.row..first_row * self.row + centers.len();
        Level::current().dispatch(AdamLoop {
            weights: centers,
            gradient,
            first: &mut self.moments.first[range.clone()],
            second: &mut self.moments.second[range],
            rates: self.rates,
        });
    }
}

struct AdamLoop<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    rates: Rates,
}

impl WithSimd for AdamLoop<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (decay, Rates { rate, root }) = (1e-4_f32, self.rates);
        for (((w, &g), m), v) in self.weights.iter_mut().zip(self.gradient).zip(self.first).zip(self.second) {
            let g = g + decay * *w;
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            *w -= rate * *m / (v.sqrt() * root + 1e-8);
        }
    }
}

/// A matrix, or its transpose, as it lies in memory.
struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `[rows, columns]`, row-major.
    fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }
}

/// `out [m, n] = a [m, k] b [k, n]`.
fn matmul(a: Matrix, b: Matrix, out: &mut [f32]) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!((k, out.len()), (b.rows, m * n));
    let threads = gemm::Parallelism::Rayon(0);
    // SAFETY: a matrix's slice holds rows * columns values and its strides are those of its row-major form or of the
    // transpose, so that every index of `[m, k]` and `[k, n]` stays inside; `out` holds m * n values and is row-major.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}

/// Everything that a step changes.
struct Trainer {
    rng: ChaCha8Rng,
    features: Vec<f32>,
    /// The features after dropout, kept so that no step has to touch fresh pages; so is `gradient`, the projection's.
    dropped: Vec<f32>,
    gradient: Vec<f32>,
    labels: Vec<u32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    projection_moments: Moments<Vec<f32>>,
    centers: Vec<f32>,
    moments: Moments<Vec<f32>>,
    fused: FusedStep,
    sample: Option<f64>,
    steps: f32,
}

impl Trainer {
    fn new(classes: usize, sub_centers: usize, sample: Option<f64>) -> Result<Self, Box<dyn Error>> {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let shape = CenterShape { num_classes: classes, sub_centers, embed_dim: DIM };
        let options = LossOptions::ArcFace(ArcFace { scale: 30.0, margin: 0.5 });
        let mut normal =
            |count: usize| -> Vec<f32> { (0..count).map(|_| rng.random::<f32>() * 3.4 - 1.7).collect() };
        let (features, weight) =
            (normal(BATCH * FEATURES), normal(DIM * FEATURES).iter().map(|w| w * 0.0173).collect());
        let labels = (0..BATCH).map(|_| rng.random_range(0..classes as u32)).collect();
        Ok(Self {
            dropped: features.clone(),
            gradient: vec![0.0; DIM * FEATURES + DIM],
            features,
            labels,
            weight,
            bias: vec![0.0; DIM],
            projection_moments: Moments::new(DIM * FEATURES + DIM),
            centers: shape.xavier_uniform(&mut rng),
            moments: Moments::new(shape.values()),
            fused: FusedStep::new(MarginLoss::new(&options, classes, None)?, shape)?,
            sample,
            steps: 0.0,
            rng,
        })
    }

    fn step(&mut self) -> Result<f64, Box<dyn Error>> {
        self.steps += 1.0;
        // Four bytes of a word decide on four values: 51 / 256 is dropout 0.2 to three digits.
        for (four, values) in
            self.dropped.as_chunks_mut::<4>().0.iter_mut().zip(self.features.as_chunks::<4>().0)
        {
            let bytes = self.rng.random::<u32>().to_le_bytes();
            for i in 0..4 {
                four[i] = values[i] * if bytes[i] < 51 { 0.0 } else { 1.25 };
            }
        }
        let dropped = &self.dropped;
        let mut embedding = vec![0.0; BATCH * DIM];
        let weight = Matrix::new(&self.weight, DIM, FEATURES).transposed();
        matmul(Matrix::new(dropped, BATCH, FEATURES), weight, &mut embedding);
        embedding
            .chunks_exact_mut(DIM)
            .for_each(|row| row.iter_mut().zip(&self.bias).for_each(|(x, b)| *x += b));
        if let Some(fraction) = self.sample {
            let sample =
                ClassSample::draw(&self.labels, self.fused.shape().num_classes, fraction, &mut self.rng)?;
            self.fused.sample_classes(Some(sample))?;
        }
        let adam = Adam { moments: self.moments.as_mut(), rates: Rates::at(self.steps), row: DIM };
        let mut state = self.fused.margin_loss().initial_state();
        let batch = Batch { embedding: &embedding, labels: &self.labels };
        let output = self.fused.step(batch, &mut self.centers, &mut state, adam)?;
        let (by_weight, by_bias) = self.gradient.split_at_mut(DIM * FEATURES);
        by_bias.fill(0.0);
        let by_embedding = Matrix::new(&output.embedding, BATCH, DIM).transposed();
        matmul(by_embedding, Matrix::new(dropped, BATCH, FEATURES), by_weight);
        output
            .embedding
            .chunks_exact(DIM)
            .for_each(|row| by_bias.iter_mut().zip(row).for_each(|(b, g)| *b += g));
        let moments = self.projection_moments.as_mut();
        let mut adam = Adam { moments, rates: Rates::at(self.steps), row: 1 };
        adam.update(0, &mut self.weight, &self.gradient[..DIM * FEATURES]);
        adam.update(DIM * FEATURES, &mut self.bias, &self.gradient[DIM * FEATURES..]);
        Ok(output.loss)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, default: f64| value(name).map_or(Ok(default), |text| text.parse::<f64>());
    let (threads, classes) = (number("--threads", 2.0)? as usize, number("--classes", 34800.0)? as usize);
    if value("--device").is_some_and(|device| device != "cpu") {
        return Err("this bench times the fused step, which runs on the CPU: leave --device out".into());
    }
    let (sample, seconds) = (number("--sample", 1.0)?, number("--seconds", 8.0)?);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    for sub_centers in [1, 3] {
        let mut trainer = Trainer::new(classes, sub_centers, (sample < 1.0).then_some(sample))?;
        let (mut times, started) = (Vec::new(), Instant::now());
        trainer.step()?;
        trainer.step()?;
        while times.len() < 3 || (started.elapsed().as_secs_f64() < seconds && times.len() < 200) {
            let start = Instant::now();
            trainer.step()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let mut row = serde_json::json!({
            "bench": "head", "loss": "ArcFace", "sub_centers": sub_centers, "classes": classes, "batch": BATCH,
            "threads": threads, "level": Level::current().name(), "ms_per_step": times[times.len() / 2],
            "least_ms": times[0],
        });
        if sample < 1.0 {
            row["sample"] = sample.into();
        }
        let mut out = std::io::stdout();
        std::io::Write::write_all(&mut out, format!("{row}\n").as_bytes())?;
    }
    Ok(())
}
