"""Writes crates/mdfe-train/tests/fixtures/pca.json: principal components by numpy's eigh, in f64 from f32 inputs.

Run from the repository root: python tests/reference/train/pca.py
"""
import json
import numpy as np

assert np.__version__.startswith("2."), np.__version__
rng = np.random.default_rng(0)
N, DIM, KEPT = 23, 9, 4
scales = np.linspace(3.0, 0.3, DIM)
mix, _ = np.linalg.qr(rng.normal(size=(DIM, DIM)))
x = ((rng.normal(size=(N, DIM)) * scales) @ mix + 5.0).astype(np.float32).astype(np.float64)
mean = x.mean(0)
values, vectors = np.linalg.eigh((x - mean).T @ (x - mean))
order = np.argsort(values)[::-1]
w = vectors[:, order].T[:KEPT]
w *= np.sign(w[np.arange(KEPT), np.abs(w).argmax(1)])[:, None]
with open("crates/mdfe-train/tests/fixtures/pca.json", "w") as f:
    json.dump({"dim": DIM, "features": x.flatten().tolist(), "weight": w.flatten().tolist(), "bias": (-w @ mean).tolist()}, f)
