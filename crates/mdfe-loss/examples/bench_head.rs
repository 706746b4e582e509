//! One training step from features, timed: projection 1152 -> 64 with dropout 0.2, ArcFace, Adam on both.
//!
//! Prints the rows of the PyTorch baseline (medians, and the least time, which says more on a busy machine): `bench_head [--threads 2] [--classes 34800] [--sample 0.1] [--seconds 8]`.

use mdfe_loss::{ArcFace, Batch, CenterShape, CenterUpdate, ClassSample, FusedStep, LossOptions, MarginLoss};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{error::Error, time::Instant};

const BATCH: usize = 128;
const FEATURES: usize = 1152;
const DIM: usize = 64;

/// Adam with coupled weight decay, as `torch.optim.Adam`.
struct Adam<'a> {
    moments: (&'a mut [f32], &'a mut [f32]),
    rates: Rates,
    row: usize,
}

/// The learning rate and the root of the second moment's weight, both corrected for the moments' start at zero.
#[derive(Clone, Copy)]
struct Rates {
    rate: f32,
    root: f32,
}

const BETAS: (f32, f32) = (0.9, 0.999);

impl Rates {
    fn at(step: f32) -> Self {
        let rate = 2e-2 / (1.0 - BETAS.0.powf(step));
        Self { rate, root: 1.0 / (1.0 - BETAS.1.powf(step)).sqrt() }
    }
}

impl CenterUpdate for Adam<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let (rates, row) = (self.rates, self.row);
        let (m, more_m) = self.moments.0.split_at_mut(rows * row);
        let (v, more_v) = self.moments.1.split_at_mut(rows * row);
        (Self { moments: (m, v), rates, row }, Self { moments: (more_m, more_v), rates, row })
    }

    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
        let range = first_row * self.row..first_row * self.row + centers.len();
        let job = Loop {
            w: centers,
            g: gradient,
            m: &mut self.moments.0[range.clone()],
            v: &mut self.moments.1[range],
            rates: self.rates,
        };
        pulp::Arch::new().dispatch(job);
    }
}

struct Loop<'a> {
    w: &'a mut [f32],
    g: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    rates: Rates,
}

impl pulp::WithSimd for Loop<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let (decay, (b1, b2), Rates { rate, root }) = (1e-4_f32, BETAS, self.rates);
        for (((w, &g), m), v) in self.w.iter_mut().zip(self.g).zip(self.m).zip(self.v) {
            let g = g + decay * *w;
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *w -= rate * *m / (v.sqrt() * root + 1e-8);
        }
    }
}

/// `c [m, n] = a [m, k] b [k, n]`, the strides given as (row, column).
fn matmul(
    (m, n, k): (usize, usize, usize),
    (a, sa): (&[f32], (isize, isize)),
    (b, sb): (&[f32], (isize, isize)),
    c: &mut [f32],
) {
    let threads = gemm::Parallelism::Rayon(0);
    // SAFETY: the slices hold m*k, k*n and m*n values, and the strides stay inside them.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            sa.1,
            sa.0,
            b.as_ptr(),
            sb.1,
            sb.0,
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
    labels: Vec<u32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    projection_moments: (Vec<f32>, Vec<f32>),
    centers: Vec<f32>,
    moments: (Vec<f32>, Vec<f32>),
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
        // Not zero, whose pages the system would hand out one by one during the first steps.
        let moments = |count| (vec![f32::MIN_POSITIVE; count], vec![f32::MIN_POSITIVE; count]);
        Ok(Self {
            features,
            labels,
            weight,
            bias: vec![0.0; DIM],
            projection_moments: moments(DIM * FEATURES + DIM),
            centers: shape.xavier_uniform(&mut rng),
            moments: moments(shape.values()),
            fused: FusedStep::new(MarginLoss::new(&options, classes, None)?, shape)?,
            sample,
            steps: 0.0,
            rng,
        })
    }

    fn step(&mut self) -> Result<f64, Box<dyn Error>> {
        self.steps += 1.0;
        let (f, d) = (FEATURES as isize, DIM as isize);
        // Four bytes of a word decide on four values: 51 / 256 is dropout 0.2 to three digits.
        let mut dropped = self.features.clone();
        for four in dropped.chunks_exact_mut(4) {
            for (x, byte) in four.iter_mut().zip(self.rng.random::<u32>().to_le_bytes()) {
                *x = if byte < 51 { 0.0 } else { *x * 1.25 };
            }
        }
        let mut embedding = vec![0.0; BATCH * DIM];
        matmul((BATCH, DIM, FEATURES), (&dropped, (f, 1)), (&self.weight, (1, f)), &mut embedding);
        embedding
            .chunks_exact_mut(DIM)
            .for_each(|row| row.iter_mut().zip(&self.bias).for_each(|(x, b)| *x += b));
        if let Some(fraction) = self.sample {
            let sample =
                ClassSample::draw(&self.labels, self.fused.shape().num_classes, fraction, &mut self.rng)?;
            self.fused.sample_classes(Some(sample))?;
        }
        let adam = Adam {
            moments: (&mut self.moments.0, &mut self.moments.1),
            rates: Rates::at(self.steps),
            row: DIM,
        };
        let mut state = self.fused.margin_loss().initial_state();
        let batch = Batch { embedding: &embedding, labels: &self.labels };
        let output = self.fused.step(batch, &mut self.centers, &mut state, adam)?;
        let mut gradient = vec![0.0; DIM * FEATURES + DIM];
        let (by_weight, by_bias) = gradient.split_at_mut(DIM * FEATURES);
        matmul((DIM, FEATURES, BATCH), (&output.embedding, (1, d)), (&dropped, (f, 1)), by_weight);
        output
            .embedding
            .chunks_exact(DIM)
            .for_each(|row| by_bias.iter_mut().zip(row).for_each(|(b, g)| *b += g));
        let (m, v) = (&mut self.projection_moments.0, &mut self.projection_moments.1);
        let mut adam = Adam { moments: (m, v), rates: Rates::at(self.steps), row: 1 };
        adam.update(0, &mut self.weight, &gradient[..DIM * FEATURES]);
        adam.update(DIM * FEATURES, &mut self.bias, &gradient[DIM * FEATURES..]);
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
            "threads": threads, "ms_per_step": times[times.len() / 2], "least_ms": times[0],
        });
        if sample < 1.0 {
            row["sample"] = sample.into();
        }
        let mut out = std::io::stdout();
        std::io::Write::write_all(&mut out, format!("{row}\n").as_bytes())?;
    }
    Ok(())
}
