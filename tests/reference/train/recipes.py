"""Writes crates/mdfe-train/tests/fixtures/recipes.json: whole trainings of a projection and sub-center ArcFace, and learning rates.

Run from the repository root: python tests/reference/train/recipes.py

The trainings are PyTorch's: autograd, torch.optim, CosineAnnealingLR and pytorch_warmup, in f64, from the f32 values and in the order that
a seed gives (chacha.py). SAM is written out here, from the paper (Foret et al., 2010.01412, algorithm 1).
"""
import json
import sys

import pytorch_warmup
import torch
from importlib.metadata import version

sys.path.insert(0, "tests/reference/train")
from chacha import DROPOUT, Stream
from parts import arcface, batches, centers as initial_centers, layers, rounded

assert torch.__version__.startswith("2.15.0"), torch.__version__
assert version("pytorch-warmup") == "0.2.0", version("pytorch-warmup")
torch.set_num_threads(1)
torch.manual_seed(0)

# 44 samples in batches of 16 are three steps an epoch, the last of 12.
N, D_IN, D, C, K, BATCH, STEPS, SEED = 44, 10, 6, 4, 3, 16, 50, 5
SCALE, MARGIN, DROPOUT_P = 30.0, 0.5, 0.2
LR, MIN_LR, WEIGHT_DECAY, MOMENTUM, RHO = 2e-2, 1e-3, 1e-4, 0.9, 0.05
WARMUP_STEPS = 7


labels = torch.arange(N) % C
features = (torch.randn(C, D_IN)[labels] + 0.7 * torch.randn(N, D_IN)).mul(1024).round().div(1024).double()


def decay(optimizer, name, total, min_lr):
    return None if name == "none" else torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total, eta_min=min_lr)


def rise(optimizer, name, steps):
    form = {"none": None, "linear": pytorch_warmup.LinearWarmup, "exponential": pytorch_warmup.ExponentialWarmup}[name]
    return form and form(optimizer, warmup_period=steps)


def next_rate(schedule, warmup):
    if warmup is None:
        if schedule is not None:
            schedule.step()
        return
    with warmup.dampening():
        if schedule is not None:
            schedule.step()


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY),
    "Adam": lambda p: torch.optim.Adam(p, lr=LR, weight_decay=WEIGHT_DECAY),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=WEIGHT_DECAY),
}


def train(name, schedule, warmup):
    """Losses, and the parameters at the end."""
    [linear], centers = layers([D_IN, D], SEED), initial_centers(C * K, D, SEED)
    parameters = [linear.weight, linear.bias, centers]
    optimizer = OPTIMIZERS[name.removeprefix("SAM_")](parameters)
    schedule = decay(optimizer, schedule, STEPS, MIN_LR)
    warmup = rise(optimizer, warmup, WARMUP_STEPS)
    losses = []
    for step, rows in zip(range(STEPS), batches(SEED, N, BATCH, STEPS)):
        kept = torch.tensor(Stream(SEED, DROPOUT, step).kept(DROPOUT_P, len(rows) * D_IN)).reshape(-1, D_IN)
        x, y = features[rows] * kept / (1 - DROPOUT_P), labels[rows]

        def gradients():
            optimizer.zero_grad()
            loss = arcface(linear(x), centers, y, K, SCALE, MARGIN)
            loss.backward()
            return loss.item()

        losses.append(gradients())
        if name.startswith("SAM_"):
            here = [p.detach().clone() for p in parameters]
            norm = torch.stack([p.grad.norm() for p in parameters]).norm()
            with torch.no_grad():
                for p in parameters:
                    p += RHO / (norm + 1e-12) * p.grad
            gradients()
            with torch.no_grad():
                for p, before in zip(parameters, here):
                    p.copy_(before)
        optimizer.step()
        next_rate(schedule, warmup)
    return losses, torch.cat([p.detach().flatten() for p in parameters]).tolist()


def rates(case):
    """The learning rate of each of some steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=case["lr"])
    schedule = decay(optimizer, case["schedule"], case["total"], case["min_lr"])
    warmup = rise(optimizer, case["warmup"], case["warmup_steps"])
    all_rates = []
    for _ in range(case["total"]):
        all_rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        next_rate(schedule, warmup)
    return [all_rates[step] for step in case["steps"]]


FORMS = [(schedule, warmup) for schedule in ("none", "cosine") for warmup in ("none", "linear", "exponential")]
courses = []
for schedule, warmup in FORMS:
    case = {"schedule": schedule, "warmup": warmup}
    # The trainings below; a warm-up longer than the training; the published course of 10 epochs of 2566 steps.
    courses.append(case | {"total": STEPS, "warmup_steps": WARMUP_STEPS, "lr": LR, "min_lr": MIN_LR, "steps": list(range(STEPS))})
    courses.append(case | {"total": 60, "warmup_steps": 90, "lr": 0.3, "min_lr": 0.0, "steps": list(range(60))})
    published = [0, 1, 2, 1282, 2564, 2565, 2566, 5000, 12829, 12830, 20000, 25658, 25659]
    courses.append(case | {"total": 25660, "warmup_steps": 2566, "lr": 2e-2, "min_lr": 1e-3, "steps": published})
for case in courses:
    case["rates"] = rates(case)

runs = []
for name in [*OPTIMIZERS, "SAM_Adam", "SAM_AdamW"]:
    for schedule, warmup in FORMS:
        losses, end = train(name, schedule, warmup)
        runs.append({"optimizer": name, "schedule": schedule, "warmup": warmup, "losses": rounded(losses), "end": rounded(end)})

fixture = {
    "features": features.flatten().tolist(), "dim": D_IN, "labels": labels.tolist(), "embed_dim": D, "sub_centers": K, "batch": BATCH, "steps": STEPS,
    "seed": SEED, "scale": SCALE, "margin": MARGIN, "dropout": DROPOUT_P, "lr": LR, "min_lr": MIN_LR, "weight_decay": WEIGHT_DECAY, "momentum": MOMENTUM,
    "rho": RHO, "warmup_steps": WARMUP_STEPS, "courses": courses, "runs": runs,
}
with open("crates/mdfe-train/tests/fixtures/recipes.json", "w") as f:
    json.dump(fixture, f)
