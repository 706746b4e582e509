"""What the trainings of this folder are made of: initial values from a seed, and sub-center ArcFace, in f64."""
import math
import sys

import torch
from torch.nn import functional as F

sys.path.insert(0, "tests/reference/train")
from chacha import CENTERS, ORDER, PROJECTION, Stream


def f32(values, *shape):
    """Values that f32 holds."""
    return torch.tensor(values, dtype=torch.float64).float().double().reshape(shape)


def layers(widths, seed):
    """Affine layers with a trainer's initial values, one after the other from one stream."""
    rng, made = Stream(seed, PROJECTION, 0), []
    for inputs, outputs in zip(widths, widths[1:]):
        layer = torch.nn.Linear(inputs, outputs).double()
        bound = 1 / math.sqrt(inputs)
        with torch.no_grad():
            layer.weight.copy_(f32(rng.uniform(bound, outputs * inputs), outputs, inputs))
            layer.bias.copy_(f32(rng.uniform(bound, outputs), outputs))
        made.append(layer)
    return made


def centers(rows, dim, seed, position=0):
    """Centers with a trainer's initial values; the position is the width of a nested head, 0 for the whole embedding."""
    bound = math.sqrt(6 / (rows + dim))
    return torch.nn.Parameter(f32(Stream(seed, CENTERS, position).uniform(bound, rows * dim), rows, dim))


def arcface(embedding, centers, labels, sub_centers, scale=30.0, margin=0.5, smoothing=0.0):
    classes = len(centers) // sub_centers
    cosine = (F.normalize(embedding) @ F.normalize(centers).T).reshape(-1, classes, sub_centers).amax(2).clamp(-1, 1)
    target = cosine.gather(1, labels[:, None])
    shifted = torch.where(target > math.cos(math.pi - margin), (target.acos() + margin).cos(), target - margin * math.sin(math.pi - margin))
    return F.cross_entropy(scale * cosine.scatter(1, labels[:, None], shifted), labels, label_smoothing=smoothing)


def batches(seed, samples, batch, steps):
    """The rows of each step: every sample once in an epoch, the last batch smaller."""
    for epoch in range(math.ceil(steps / math.ceil(samples / batch))):
        rows = Stream(seed, ORDER, epoch).shuffled(samples)
        yield from (rows[i:i + batch] for i in range(0, samples, batch))


def rounded(values):
    return [float(f"{value:.9g}") for value in values]
