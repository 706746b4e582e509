#!/usr/bin/env python3
"""Writes scores.json for crates/mdfe-eval/tests: `python tests/reference/eval/scores.py` from the repository root.

Metrics of whole rankings by scikit-learn and pytorch-metric-learning, intervals and p-values by numpy from the draws that
crates/mdfe-eval/src/resample.rs specifies (and near scipy's own, which draws otherwise), match thresholds from scikit-learn's curve.
"""
import json
import pathlib
import sys

import numpy as np
import pytorch_metric_learning
import scipy
import sklearn
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from scipy.stats import bootstrap, permutation_test
from sklearn.metrics import average_precision_score, ndcg_score, precision_recall_curve

sys.path.insert(0, "tests/reference/train")
from chacha import Stream

assert np.__version__ == "2.4.6", np.__version__
assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert scipy.__version__ == "1.17.1", scipy.__version__
assert pytorch_metric_learning.__version__ == "2.9.0", pytorch_metric_learning.__version__

BOOTSTRAP, SIGNS, RESAMPLES, PERMUTATIONS, SEED = 0, 1, 500, 400, 3
rng = np.random.default_rng(5)


def retrieval():
    """Queries and an index without ties; some queries have nothing relevant."""
    n_q, n_x, dim = 60, 90, 8
    centers = rng.normal(size=(12, dim))
    q_label, x_label = rng.integers(0, 14, n_q), rng.integers(0, 12, n_x)
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
    q = unit(centers[q_label % 12] + 1.1 * rng.normal(size=(n_q, dim))).astype(np.float32)
    x = unit(centers[x_label] + 1.1 * rng.normal(size=(n_x, dim))).astype(np.float32)
    return q, q_label, x, x_label


def values(q, q_label, x, x_label):
    scores = q.astype(np.float64) @ x.astype(np.float64).T
    rows = []
    for s, label in zip(scores, q_label):
        relevant = (x_label == label).astype(int)
        n = relevant.sum()
        if n == 0:
            rows.append(None)
            continue
        order = np.argsort(-s, kind="stable")
        first = (order[:5], order[:20])
        cut = lambda k: np.where(np.isin(np.arange(len(s)), order[:k]), s, -2.0)
        rows.append({
            "mAP": average_precision_score(relevant, s),
            "NDCG@5": ndcg_score([relevant], [cut(5)], k=5, ignore_ties=True),
            "NDCG@20": ndcg_score([relevant], [cut(20)], k=20, ignore_ties=True),
            "R-precision": relevant[order[:n]].sum() / n,
            "R@1": float(relevant[order[0]]),
        })
    return rows


def interval(draw_means):
    return [float(v) for v in np.quantile(draw_means, [0.025, 0.975])]


def resampled(v):
    v = np.asarray(v)
    out = []
    for r in range(RESAMPLES):
        s = Stream(SEED, BOOTSTRAP, r)
        out.append(np.mean(v[[s.u32() * len(v) >> 32 for _ in v]]))
    return np.array(out)


def signs(d):
    moved = [x for x in d if x]
    far = 0
    for p in range(PERMUTATIONS):
        s, total = Stream(SEED, SIGNS, p), 0.0
        for at in range(0, len(moved), 32):
            bits = s.u32()
            total += sum(-x if bits >> i & 1 else x for i, x in enumerate(moved[at:at + 32]))
        far += abs(total) >= abs(sum(d)) * (1 - 1e-12)
    return (far + 1) / (PERMUTATIONS + 1)


q, q_label, x, x_label = retrieval()
rows = values(q, q_label, x, x_label)
scored = [r for r in rows if r]
known = [r is not None for r in rows]
# mAP@R and R-precision as their paper's authors have them, over the queries that have something relevant.
authors = AccuracyCalculator(include=("mean_average_precision_at_r", "r_precision"), k="max_bin_count").get_accuracy(
    torch.tensor(q[known]), torch.tensor(q_label[known]), torch.tensor(x), torch.tensor(x_label), ref_includes_query=False)
overall = {name: float(np.mean([r[name] for r in scored])) for name in scored[0]}
assert abs(authors["r_precision"] - overall["R-precision"]) < 1e-12
overall["mAP@R"] = authors["mean_average_precision_at_r"]

domain = ["cars" if label % 2 else "food" for label in q_label]
of = lambda name, d=None: [r[name] for r, own in zip(rows, domain) if r and d in (None, own)]
intervals = {}
for name in ("mAP", "R@1"):
    own = {d: resampled(of(name, d)) for d in ("food", "cars")}
    intervals[name] = {"overall": interval(resampled(of(name))), "mean_of_domains": interval((own["food"] + own["cars"]) / 2)} | {
        d: interval(means) for d, means in own.items()}
    theirs = bootstrap((of(name),), np.mean, method="percentile", n_resamples=20000, rng=1).confidence_interval
    assert np.allclose(theirs, intervals[name]["overall"], atol=0.02), (theirs, intervals[name])

other = np.clip(np.array(of("mAP")) + rng.normal(0.03, 0.12, len(scored)), 0, 1)
other[:9] = of("mAP")[:9]
difference = other - np.array(of("mAP"))
p_value = signs(difference)
theirs = permutation_test((difference,), np.mean, permutation_type="samples", n_resamples=20000, rng=1).pvalue
assert abs(theirs - p_value) < 0.05, (theirs, p_value)

s = q.astype(np.float64) @ x.astype(np.float64).T
nearest, right = s.max(1), x_label[s.argmax(1)] == q_label
precision, recall, thresholds = precision_recall_curve(right, nearest)
at = {}
for wanted in (0.5, 0.8, 0.95):
    # The curve's thresholds rise: the first that is precise enough answers the most.
    i = next(i for i, p in enumerate(precision[:-1]) if p >= wanted)
    answered = int((nearest >= thresholds[i]).sum())
    at[str(wanted)] = {"score": float(np.float32(thresholds[i])), "precision": float(precision[i]), "answered": answered / len(q),
                       "recall": float(right[nearest >= thresholds[i]].sum() / sum(known))}

flat = lambda a: [float(v) for v in a.ravel()]
out = {
    "dim": q.shape[1], "query": flat(q), "index": flat(x), "query_labels": q_label.tolist(), "index_labels": x_label.tolist(),
    "query_domains": domain, "overall": overall, "queries": [r["mAP"] if r else None for r in rows],
    "seed": SEED, "resamples": RESAMPLES, "permutations": PERMUTATIONS, "intervals": intervals,
    "paired": {"first": other.tolist(), "second": of("mAP"), "difference": float(difference.mean()), "p_value": p_value,
               "interval": interval(resampled(difference)), "better": int((difference > 0).sum()), "worse": int((difference < 0).sum())},
    "match": at,
}
pathlib.Path("tests/reference/eval/scores.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(overall, intervals, out["paired"]["p_value"], at)
