"""Writes crates/mdfe-train/tests/fixtures/choices.json: short trainings, each with another choice of the recipe.

Run from the repository root: python tests/reference/train/choices.py

The trainings are PyTorch's in f64: autograd, torch.optim, clip_grad_norm_, AdaptiveAvgPool1d. Each case is the recipe as mdfe reads it, the
losses of its steps, and what was learnt by name.
"""
import copy
import json
import sys

import torch

sys.path.insert(0, "tests/reference/train")
from chacha import DROPOUT, Stream
from parts import arcface, batches, centers, layers, rounded

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.set_num_threads(1)
torch.manual_seed(1)

# 44 samples in batches of 16 are three steps an epoch, the last of 12.
N, D_IN, D, C, K, STEPS, SEED = 44, 10, 6, 4, 3, 12, 5
BASE = {
    "projection": {"kind": "linear", "embed_dim": D, "dropout": 0.2},
    "loss": {"name": "ArcFace", "scale": 30.0, "margin": 0.5, "sub_centers": K},
    "optimizer": {"name": "Adam", "lr": 1e-2, "weight_decay": 1e-4},
    "schedule": {"name": "none", "warmup": "none"},
    "train": {"batch": 16, "steps": STEPS, "seed": SEED},
}
CHOICES = {
    "mlp": {"projection": {"kind": "mlp", "hidden_dim": 7}},
    "avgpool": {"projection": {"kind": "avgpool"}},
    "random": {"projection": {"kind": "random"}},
    "none": {"projection": {"kind": "none"}},
    "clip": {"train": {"clip_norm": 0.5}, "optimizer": {"name": "SGD", "momentum": 0.9, "lr": 0.5}},
    # The second batch of the last step of an epoch is smaller than the first.
    "accumulate": {"train": {"accumulate": 2, "batch": 8}},
    "accumulate and clip": {"train": {"accumulate": 3, "batch": 5, "clip_norm": 1.0}},
    "ema": {"train": {"ema_decay": 0.4}},
    "ema of an mlp": {"train": {"ema_decay": 0.99}, "projection": {"kind": "mlp", "hidden_dim": 3}},
    "groups": {"optimizer": {"name": "AdamW", "projection": {"lr": 3e-3, "weight_decay": 0.3}, "centers": {"lr": 0.05, "weight_decay": 0.0}}},
    "nested": {"loss": {"nested_dims": [4, 2]}},
    "nested and clip": {"loss": {"nested_dims": [3, D]}, "train": {"clip_norm": 1.0}},
    "smoothed": {"loss": {"label_smoothing": 0.2}},
}

labels = torch.arange(N) % C
features = (torch.randn(C, D_IN)[labels] + 0.7 * torch.randn(N, D_IN)).mul(1024).round().div(1024).double()


def merged(base, change):
    out = copy.deepcopy(base)
    for section, values in change.items():
        out[section] |= values
    return out


class Training:
    def __init__(self, recipe):
        self.recipe, kind = recipe, recipe["projection"]["kind"]
        hidden = recipe["projection"].get("hidden_dim")
        self.layers = layers({"mlp": [D_IN, hidden, D], "linear": [D_IN, D], "random": [D_IN, D]}.get(kind, [D_IN]), SEED)
        self.pool = torch.nn.AdaptiveAvgPool1d(D) if kind == "avgpool" else None
        width = D_IN if kind == "none" else D
        dims = sorted({*recipe["loss"].get("nested_dims", []), width})
        self.heads = {dim: centers(C * K, dim, SEED, 0 if dim == width else dim) for dim in dims}
        names = ["projection.hidden", "projection"][-len(self.layers):] if self.layers else []
        trained = self.layers if kind != "random" else []
        self.projection = {f"{name}.{key}": value for name, layer in zip(names, trained) for key, value in layer.named_parameters()}
        self.centers = {"centers" if dim == width else f"centers.{dim}": head for dim, head in self.heads.items()}

    def embedding(self, x):
        if self.pool:
            return self.pool(x)
        for i, layer in enumerate(self.layers):
            x = layer(x if i == 0 else x.relu())
        return x

    def loss(self, rows, draw):
        p = self.recipe["projection"]["dropout"]
        kept = torch.tensor(Stream(SEED, DROPOUT, draw).kept(p, len(rows) * D_IN)).reshape(-1, D_IN)
        embedding = self.embedding(features[rows] * kept / (1 - p))
        smoothing = self.recipe["loss"].get("label_smoothing", 0.0)
        return sum(arcface(embedding[:, :dim], head, labels[rows], K, smoothing=smoothing) for dim, head in self.heads.items())

    def optimizer(self):
        options = self.recipe["optimizer"]
        known = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
        own = {key: options[key] for key in ("lr", "weight_decay", "momentum") if key in options}
        groups = [{"params": list(self.projection.values())} | options.get("projection", {}),
                  {"params": list(self.centers.values())} | options.get("centers", {})]
        return known[options["name"]]([group for group in groups if group["params"]], **own)

    def run(self):
        train, optimizer, losses = self.recipe["train"], self.optimizer(), []
        batch, accumulate, limit = train["batch"], train.get("accumulate", 1), train.get("clip_norm")
        averages = {name: value.detach().clone() for name, value in self.projection.items()} if "ema_decay" in train else {}
        parameters = [*self.projection.values(), *self.centers.values()]
        for step, rows in zip(range(STEPS), batches(SEED, N, batch * accumulate, STEPS)):
            optimizer.zero_grad()
            parts = [rows[i:i + batch] for i in range(0, len(rows), batch)]
            loss = sum(self.loss(part, step * accumulate + i) * len(part) / len(rows) for i, part in enumerate(parts))
            loss.backward()
            losses.append(loss.item())
            if limit is not None:
                torch.nn.utils.clip_grad_norm_(parameters, limit)
            optimizer.step()
            # tf.train.ExponentialMovingAverage with its number of updates.
            decay = min(train.get("ema_decay", 0), (1 + step + 1) / (10 + step + 1))
            for name, average in averages.items():
                average.mul_(decay).add_(self.projection[name].detach(), alpha=1 - decay)
        flat = lambda values: {name: rounded(value.detach().flatten().tolist()) for name, value in values.items()}
        return {"losses": rounded(losses), "end": flat(self.projection | self.centers), "averages": flat(averages)}


cases = []
for name, change in CHOICES.items():
    recipe = merged(BASE, change)
    cases.append({"name": name, "recipe": recipe} | Training(recipe).run())
fixture = {"features": features.flatten().tolist(), "dim": D_IN, "labels": labels.tolist(), "cases": cases}
with open("crates/mdfe-train/tests/fixtures/choices.json", "w") as f:
    json.dump(fixture, f)
