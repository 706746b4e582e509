"""Writes crates/mdfe-train/tests/fixtures/tuned.safetensors: a tiny vision transformer, tuned by PyTorch.

Run from the repository root: python tests/reference/train/tuned.py

timm's VisionTransformer, a linear projection with dropout before it and sub-center ArcFace, in f64, with AdamW: the backbone with a rate and
a weight decay of its own and the rate falling from block to block, a cosine after a warm-up. Pixels (`pixels`) and weights before tuning
(`w.*`) have f16 values; `last.*` and `all.*` are what the last block and norm, and everything, have become; the rest is metadata.
"""
import json
import math
import sys

import timm
import torch
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

sys.path.insert(0, "tests/reference/train")
from chacha import DROPOUT, Stream
from parts import arcface, batches, centers, layers, rounded

assert torch.__version__.startswith("2.15.0"), torch.__version__
assert timm.__version__ == "1.0.31", timm.__version__
torch.set_num_threads(1)
torch.manual_seed(0)

SIZE, PATCH, WIDTH, DEPTH, HEADS = 16, 4, 16, 2, 2
# 16 images in batches of 6 are three steps an epoch, the last of 4.
N, C, D, K, BATCH, STEPS, SEED, WARMUP = 16, 4, 6, 2, 6, 20, 5, 4
LR, LOW, BACKBONE_LR, BACKBONE_DECAY, LAYER_DECAY, DROPOUT_P = 1e-2, 1e-3, 2e-3, 0.05, 0.7, 0.2
# Gradients that cancel to nothing, such as those of the keys' biases, are rounding in f32; with torch's 1e-8 they would be steps.
EPS = 1e-4
ARCHITECTURE = dict(
    kind="vit", keys="timm", image_size=SIZE, patch_size=PATCH, width=WIDTH, depth=DEPTH, heads=HEADS, mlp_dim=4 * WIDTH, mlp="gelu",
    activation="gelu", norm_eps=1e-6, class_token=True, registers=0, class_position=True, patch_bias=True, pre_norm=False, layer_scale=False,
    pool="token", norm_after_pool=False)
RECIPE = {
    "projection": {"embed_dim": D, "dropout": DROPOUT_P},
    "loss": {"name": "ArcFace", "scale": 30.0, "margin": 0.5, "sub_centers": K},
    "optimizer": {"name": "AdamW", "lr": LR, "weight_decay": 1e-4, "eps": EPS, "layer_decay": LAYER_DECAY,
                  "backbone": {"lr": BACKBONE_LR, "weight_decay": BACKBONE_DECAY}},
    "schedule": {"name": "cosine", "min_lr": LOW, "warmup": "linear", "warmup_steps": WARMUP},
    "train": {"batch": BATCH, "steps": STEPS, "seed": SEED},
}


def half(tensor):
    return tensor.half().double()


labels = torch.arange(N) % C
pixels = half(torch.randn(C, 3, SIZE, SIZE)[labels] + torch.randn(N, 3, SIZE, SIZE))


def vit():
    model = VisionTransformer(img_size=SIZE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, num_classes=0).double()
    generator = torch.Generator().manual_seed(1)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=generator).double()
        n = 1 + 0.2 * n if "norm" in name and "weight" in name else 0.2 * n if p.ndim == 1 else n / (p[0].numel() ** 0.5)
        p.data.copy_(half(n))
    return model


def below(name):
    """How many blocks lie above a parameter."""
    if name.startswith("norm."):
        return 0
    return DEPTH - int(name.split(".")[1]) if name.startswith("blocks.") else DEPTH + 1


def factor(step):
    fallen = LOW / LR + (1 - LOW / LR) * (1 + math.cos(math.pi * step / STEPS)) / 2
    return fallen * min(1, (step + 1) / WARMUP)


def train(last):
    model, [linear], heads = vit(), layers([WIDTH, D], SEED), centers(C * K, D, SEED)
    tuned = {name: p for name, p in model.named_parameters() if last is None or below(name) <= last}
    for name, p in model.named_parameters():
        p.requires_grad_(name in tuned)
    groups = [{"params": [p], "lr": BACKBONE_LR * LAYER_DECAY ** below(name), "weight_decay": BACKBONE_DECAY} for name, p in tuned.items()]
    groups.append({"params": [*linear.parameters(), heads]})
    optimizer = torch.optim.AdamW(groups, lr=LR, weight_decay=1e-4, eps=EPS)
    schedule, losses = torch.optim.lr_scheduler.LambdaLR(optimizer, factor), []
    for step, rows in zip(range(STEPS), batches(SEED, N, BATCH, STEPS)):
        kept = torch.tensor(Stream(SEED, DROPOUT, step).kept(DROPOUT_P, len(rows) * WIDTH)).reshape(-1, WIDTH)
        optimizer.zero_grad()
        loss = arcface(linear(model(pixels[rows]) * kept / (1 - DROPOUT_P)), heads, labels[rows], K)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
    end = {f"backbone.{name}": p for name, p in tuned.items()}
    return losses, end | {"projection.weight": linear.weight, "projection.bias": linear.bias, "centers": heads}


tensors = {"pixels": pixels.float()} | {f"w.{name}": p.detach().half() for name, p in vit().state_dict().items()}
losses = {}
for case, last in (("last", 1), ("all", None)):
    losses[case], end = train(last)
    tensors |= {f"{case}.{name}": p.detach().float().contiguous() for name, p in end.items()}
metadata = {"architecture": ARCHITECTURE, "recipe": RECIPE, "labels": labels.tolist(), "losses": {case: rounded(all) for case, all in losses.items()}}
save_file(tensors, "crates/mdfe-train/tests/fixtures/tuned.safetensors", metadata={"tuned": json.dumps(metadata)})
print({case: (all[0], all[-1]) for case, all in losses.items()})
