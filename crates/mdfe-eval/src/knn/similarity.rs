//! What "near" means, and the scores that are reported.

/// What a search ranks by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Similarity {
    /// `sum_d q_d x_d`, the larger the nearer; the cosine for embeddings of unit length.
    #[default]
    InnerProduct,
    /// `sum_d (q_d - x_d)^2`, the smaller the nearer.
    SquaredL2,
}

impl Similarity {
    /// The reported score of a query and an index row, `[D]` each: f64 sums in a fixed order, rounded to f32 once.
    #[inline(always)]
    pub(crate) fn score(self, query: &[f32], index: &[f32]) -> f32 {
        // Adding zero turns a negative zero into the positive one, so that the two tie.
        0.0 + match self {
            Similarity::InnerProduct => dot(query, index) as f32,
            Similarity::SquaredL2 => sum(query, index, |q, x| {
                let d = q - x;
                d * d
            }) as f32,
        }
    }

    /// The score as something of which more is nearer; of that, the score again.
    #[inline(always)]
    pub fn nearness(self, score: f32) -> f32 {
        match self {
            Similarity::InnerProduct => score,
            Similarity::SquaredL2 => 0.0 - score,
        }
    }
}

/// The inner product of two rows `[D]`; each product is exact in f64.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |x, y| x * y)
}

/// Sixteen running sums, added in pairs at the end: the order is part of the result, so every instruction set gives the same bits.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    const LANES: usize = 16;
    let mut sums = [0.0f64; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            sums[i] += term(f64::from(x[i]), f64::from(y[i]));
        }
    }
    for (i, (&x, &y)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[i] += term(f64::from(x), f64::from(y));
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}
