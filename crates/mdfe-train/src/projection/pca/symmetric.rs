//! Eigenvectors of a symmetric matrix: Householder's reduction to three diagonals, then QL with implicit shifts (Golub and Van Loan,
//! Matrix Computations, 8.3).

/// The eigenvectors of a symmetric `matrix [n, n]` as rows, that of the largest eigenvalue first.
pub(super) fn eigenvectors(matrix: Vec<f64>, n: usize) -> Vec<f64> {
    let Tridiagonal { mut diagonal, mut beside, mut rows } = reduce(matrix, n);
    diagonalise(&mut diagonal, &mut beside, &mut rows);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
    order.into_iter().flat_map(|i| rows[i * n..][..n].to_vec()).collect()
}

/// `A = rowsᵀ T rows` with T of three diagonals.
struct Tridiagonal {
    diagonal: Vec<f64>,
    /// `beside[i]` couples i and i + 1; the last is 0.
    beside: Vec<f64>,
    /// An orthogonal matrix, `[n, n]`.
    rows: Vec<f64>,
}

/// Reflects one column after the other onto its first value.
fn reduce(mut a: Vec<f64>, n: usize) -> Tridiagonal {
    let (mut diagonal, mut beside) = (vec![0.0; n], vec![0.0; n]);
    let mut reflections: Vec<Vec<f64>> = Vec::new();
    for k in 0..n {
        diagonal[k] = a[k * n + k];
        let below = n - k - 1;
        if below == 0 {
            break;
        }
        let mut v: Vec<f64> = (k + 1..n).map(|row| a[row * n + k]).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let end = if v[0] > 0.0 { -length } else { length };
        beside[k] = end;
        v[0] -= end;
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            v.iter_mut().for_each(|x| *x /= norm);
            // The rest becomes H A H with H = 1 - 2 v vᵀ: a symmetric update of rank two.
            let mut w: Vec<f64> = (0..below)
                .map(|i| {
                    let row = &a[(k + 1 + i) * n + k + 1..][..below];
                    row.iter().zip(&v).map(|(x, y)| x * y).sum()
                })
                .collect();
            let share = w.iter().zip(&v).map(|(x, y)| x * y).sum::<f64>();
            w.iter_mut().zip(&v).for_each(|(x, y)| *x -= share * y);
            for i in 0..below {
                let (vi, wi) = (2.0 * v[i], 2.0 * w[i]);
                let row = &mut a[(k + 1 + i) * n + k + 1..][..below];
                row.iter_mut().zip(v.iter().zip(&w)).for_each(|(x, (vj, wj))| *x -= vi * wj + wi * vj);
            }
        }
        reflections.push(v);
    }
    let mut rows = vec![0.0; n * n];
    (0..n).for_each(|i| rows[i * n + i] = 1.0);
    // `rows` is the transpose of the product of the reflections: each is applied to the columns behind it, the last first.
    for (k, v) in reflections.iter().enumerate().rev() {
        for i in k + 1..n {
            let row = &mut rows[i * n + k + 1..][..v.len()];
            let share = 2.0 * row.iter().zip(v).map(|(x, y)| x * y).sum::<f64>();
            row.iter_mut().zip(v).for_each(|(x, y)| *x -= share * y);
        }
    }
    Tridiagonal { diagonal, beside, rows }
}

/// Turns `diagonal` into the eigenvalues and `rows` into their vectors.
fn diagonalise(diagonal: &mut [f64], beside: &mut [f64], rows: &mut [f64]) {
    let n = diagonal.len();
    for l in 0..n {
        loop {
            let small = |m: &usize| {
                *m + 1 == n
                    || beside[*m].abs() <= f64::EPSILON * (diagonal[*m].abs() + diagonal[*m + 1].abs())
            };
            let Some(m) = (l..n).find(small) else { break };
            if m == l {
                break;
            }
            // Wilkinson's shift.
            let half = (diagonal[l + 1] - diagonal[l]) / (2.0 * beside[l]);
            let root = half.hypot(1.0);
            let mut g = diagonal[m] - diagonal[l] + beside[l] / (half + root.copysign(half));
            let (mut sine, mut cosine, mut passed) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (sine * beside[i], cosine * beside[i]);
                let r = f.hypot(g);
                beside[i + 1] = r;
                if r == 0.0 {
                    diagonal[i + 1] -= passed;
                    beside[m] = 0.0;
                    split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = diagonal[i + 1] - passed;
                let turned = (diagonal[i] - g) * sine + 2.0 * cosine * b;
                passed = sine * turned;
                diagonal[i + 1] = g + passed;
                g = cosine * turned - b;
                let (upper, lower) = rows.split_at_mut((i + 1) * n);
                for (x, y) in upper[i * n..].iter_mut().zip(&mut lower[..n]) {
                    (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                }
            }
            if !split {
                diagonal[l] -= passed;
                beside[l] = g;
                beside[m] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any symmetric matrix: rows are orthonormal and A v is a multiple of v, multiples falling.
    #[test]
    fn vectors_are_orthonormal_and_keep_their_direction() {
        for n in [1, 2, 3, 17, 60] {
            let raw: Vec<f64> = (0..n * n).map(|i| ((i * i + 3 * i) as f64 * 0.37).sin()).collect();
            let a: Vec<f64> = (0..n * n).map(|i| raw[i] + raw[i % n * n + i / n]).collect();
            let vectors = eigenvectors(a.clone(), n);
            let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(a, b)| a * b).sum::<f64>();
            let mut last = f64::INFINITY;
            for (i, v) in vectors.chunks_exact(n).enumerate() {
                for (j, w) in vectors.chunks_exact(n).enumerate() {
                    let expected = f64::from(u8::from(i == j));
                    assert!((dot(v, w) - expected).abs() < 1e-12, "{n}: {i}, {j}");
                }
                let image: Vec<f64> = a.chunks_exact(n).map(|row| dot(row, v)).collect();
                let value = dot(&image, v);
                assert!(value <= last + 1e-12, "{n}: {value} after {last}");
                last = value;
                let off = image.iter().zip(v).map(|(x, y)| (x - value * y).abs()).fold(0.0, f64::max);
                assert!(off < 1e-11, "{n}: off by {off}");
            }
        }
    }
}
