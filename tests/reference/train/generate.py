"""Writes crates/mdfe-train/tests/fixtures/optimizers.json: consecutive steps of torch.optim, and gradients of torch.nn.Linear.

Run from the repository root: python tests/reference/train/generate.py

Everything is computed in f64 from f32 inputs.
"""
import json
import torch

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.set_num_threads(1)
torch.manual_seed(0)

N, STEPS = 37, 50
RECORDED = [0, 11, 49]
start = torch.randn(N)
gradients = torch.randn(STEPS, N)
gradients[:, 0] = 0.0  # A parameter that never gets a gradient.
gradients[:, 1] *= 1e-6
gradients[:, 2] *= 1e4
rates = [0.02 * (i + 1) / STEPS for i in range(STEPS)]

CASES = {
    "SGD": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.01)),
    "SGD without momentum": (torch.optim.SGD, dict(momentum=0.0, weight_decay=0.0)),
    "Adam": (torch.optim.Adam, dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)),
    "Adam with other betas": (torch.optim.Adam, dict(betas=(0.5, 0.9), eps=1e-3, weight_decay=0.0)),
    "AdamW": (torch.optim.AdamW, dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
}


def run(optimizer, options):
    weight = start.double().clone().requires_grad_(True)
    optimizer = optimizer([weight], lr=rates[0], **options)
    out = []
    for rate, gradient in zip(rates, gradients):
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = gradient.double().clone()
        optimizer.step()
        out.append(weight.detach().tolist())
    return [out[step] for step in RECORDED]


linear = torch.nn.Linear(5, 3).double()
with torch.no_grad():  # f32 values, so that both sides start from the same numbers
    for p in linear.parameters():
        p.copy_(torch.randn(p.shape))
x, d = torch.randn(4, 5), torch.randn(4, 3)
y = linear(x.double())
y.backward(d.double())

fixture = {
    "start": start.tolist(), "gradients": gradients.tolist(), "rates": rates, "recorded_steps": RECORDED,
    "cases": {name: {"options": options, "weights": run(optimizer, options)} for name, (optimizer, options) in CASES.items()},
    "linear": {"weight": linear.weight.flatten().tolist(), "bias": linear.bias.tolist(), "x": x.flatten().tolist(), "d_out": d.flatten().tolist(),
               "out": y.flatten().tolist(), "d_weight": linear.weight.grad.flatten().tolist(), "d_bias": linear.bias.grad.tolist()},
}
with open("crates/mdfe-train/tests/fixtures/optimizers.json", "w") as f:
    json.dump(fixture, f)
