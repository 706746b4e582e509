#!/usr/bin/env python3
"""Writes the fixtures of crates/mdfe-eval/tests: `python tests/reference/eval/generate.py`.

Neighbours by brute force in numpy f64 (checked against faiss IndexFlatIP / IndexFlatL2), metrics by plain loops over the formulas.
The vectors are small multiples of 1/64, so that every inner product and distance is exact in f32 and ties are real ties,
to be broken by the lower id.
"""
import json
import pathlib

import faiss
import numpy as np

assert faiss.__version__ == "1.15.1", faiss.__version__
assert np.__version__ == "2.4.6", np.__version__

NAMES = ["mMP@5", "R@1", "R@5", "P@5", "mAP@5", "MRR@5"]
OUT = pathlib.Path(__file__).resolve().parent


def neighbours(q, x, k, metric, excluded):
    """Ids of the k nearest rows, ties by the lower id."""
    q, x = q.astype(np.float64), x.astype(np.float64)
    far = -(q @ x.T) if metric == "ip" else ((q[:, None] - x[None]) ** 2).sum(-1)
    out = []
    for i, row in enumerate(far):
        ids = [int(j) for j in np.argsort(row, kind="stable") if j != excluded[i]]
        out.append(ids[:k])
    return out


def check_against_faiss(q, x, k, metric):
    """The scores of faiss are the same (its order among ties is its own)."""
    index = faiss.IndexFlatIP(x.shape[1]) if metric == "ip" else faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    scores, _ = index.search(q, k)
    ours = neighbours(q, x, k, metric, [None] * len(q))
    for i, ids in enumerate(ours):
        pick = x[ids].astype(np.float64)
        mine = pick @ q[i] if metric == "ip" else ((pick - q[i]) ** 2).sum(-1)
        np.testing.assert_allclose(scores[i], mine, rtol=0, atol=1e-5)


def scores(found, q_key, x_key, excluded):
    """Metrics of every query, None where nothing is relevant."""
    rows = []
    for i, ids in enumerate(found):
        n = sum(1 for j, key in enumerate(x_key) if key == q_key[i] and j != excluded[i])
        if n == 0:
            rows.append(None)
            continue
        rel = [1 if x_key[j] == q_key[i] else 0 for j in ids]
        m = min(n, 5)
        ap, seen = 0.0, 0
        for rank, r in enumerate(rel[:5], 1):
            if r:
                seen += 1
                ap += seen / rank
        first = next((rank for rank, r in enumerate(rel[:5], 1) if r), None)
        rows.append({
            "mMP@5": sum(rel[:m]) / m,
            "R@1": float(any(rel[:1])),
            "R@5": float(any(rel[:5])),
            "P@5": sum(rel[:5]) / 5,
            "mAP@5": ap / m,
            "MRR@5": 1 / first if first else 0.0,
        })
    return rows


def mean(rows):
    """Means over the scored queries, None where there is none."""
    rows = [r for r in rows if r is not None]
    return {name: sum(r[name] for r in rows) / len(rows) if rows else None for name in NAMES}


def report(rows, domains):
    names = list(dict.fromkeys(domains))
    return {
        "overall": mean(rows),
        "domains": {n: mean([r for r, d in zip(rows, domains) if d == n]) for n in names},
        "queries": len(rows),
        "queries_without_relevant": sum(r is None for r in rows),
    }


def main():
    rng = np.random.default_rng(20260101)
    n_q, n_x, dim, k = 40, 150, 19, 5
    centers = rng.integers(-6, 7, (30, dim))
    q_label, x_label = rng.integers(0, 33, n_q), rng.integers(0, 30, n_x)
    noise = lambda n: rng.integers(-4, 5, (n, dim))
    q = ((centers[q_label % 30] + noise(n_q)) / 64).astype(np.float32)
    x = ((centers[x_label] + noise(n_x)) / 64).astype(np.float32)
    x[100:110] = x[0:10]  # copies: ties for every query
    names = ["cars", "food", "art"]
    q_domain, x_domain = [names[i % 3] for i in q_label], [names[i % 3] for i in x_label]
    x_domain[7] = "landmarks"  # a domain without queries
    q_key, x_key = list(zip(q_domain, q_label.tolist())), list(zip(x_domain, x_label.tolist()))
    nobody = [None] * n_q
    out = {
        "dim": dim, "k": k,
        # Integers: divide by 64.
        "query": (q * 64).astype(int).ravel().tolist(), "index": (x * 64).astype(int).ravel().tolist(),
        "query_labels": q_label.tolist(), "index_labels": x_label.tolist(),
        "query_domains": q_domain, "index_domains": x_domain,
    }
    for metric in ("ip", "l2"):
        check_against_faiss(q, x, k, metric)
        out[f"{metric}_ids"] = neighbours(q, x, k, metric, nobody)
    out["merged"] = report(scores(out["ip_ids"], q_key, x_key, nobody), q_domain)
    separate = []
    for i in range(n_q):
        rows = [j for j in range(n_x) if x_domain[j] == q_domain[i]]
        found = neighbours(q[i:i + 1], x[rows], k, "ip", [None])[0]
        separate.append([rows[j] for j in found])
    out["per_domain"] = report(scores(separate, q_key, x_key, nobody), q_domain)
    own = list(range(n_x))
    out["leave_one_out_ids"] = neighbours(x, x, k, "ip", own)
    out["leave_one_out"] = report(scores(out["leave_one_out_ids"], x_key, x_key, own), x_domain)
    text = json.dumps(out, separators=(",", ":"))
    (OUT / "retrieval.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
