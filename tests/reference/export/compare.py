"""Runs exported models in PyTorch and onnxruntime and compares their embeddings with mdfe's.

    cargo run -p mdfe-export --example write_tiny -- OUT
    python tests/reference/export/compare.py OUT [--only torch|onnx]

OUT holds `NAME.pt`, `NAME.onnx`, `NAME.f16.onnx`, `NAME.pixels.pt`, `NAME.pixels.onnx` and `NAME.safetensors` with the inputs and
mdfe's embeddings; every file is looked for and none may be missing. Prints one JSON line per model and ends with 1 where a
difference is above the limit. `--only torch` is for environments of old releases.
"""
import argparse
import json
import pathlib
import sys
import warnings

import numpy
import safetensors.numpy

TORCH = ("1.11.0", "1.13.1", "2.15.0")
ONNX = ("1.23.2", "1.32.0")
# Embeddings have unit length and the pixels are the same bytes, so that only the rounding of f32 is left; f16 has 11 bits.
LIMIT, LIMIT_F16 = 1e-4, 2e-2

arguments = argparse.ArgumentParser()
arguments.add_argument("out", type=pathlib.Path)
arguments.add_argument("--only", choices=["torch", "onnx"])
arguments = arguments.parse_args()
with_torch, with_onnx = arguments.only != "onnx", arguments.only != "torch"
versions = {}
if with_torch:
    import torch

    versions["torch"] = torch.__version__.split("+")[0]
    assert versions["torch"] in TORCH, f"compared with torch {TORCH}, not {versions['torch']}"
    torch.set_num_threads(1)
if with_onnx:
    import onnx
    import onnxruntime

    found = onnx.__version__, onnxruntime.__version__
    versions["onnxruntime"] = found[1]
    assert found == ONNX, f"compared with onnx and onnxruntime {ONNX}, not {found}"


def run_torch(path, inputs):
    model = torch.jit.load(str(path)).eval()
    with torch.no_grad():
        # Three times: the executor optimises on the second.
        return [[model(torch.from_numpy(x)).numpy() for _ in range(3)][-1] for x in inputs]


def run_onnx(path, inputs):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [session.run(None, {name: x})[0] for x in inputs]


def difference(found, expected):
    assert all(a.shape == b.shape for a, b in zip(found, expected))
    worst = max(float(numpy.abs(a - b).max()) for a, b in zip(found, expected))
    assert worst == worst, "an embedding is not a number"
    return worst


failed = False
references = sorted(arguments.out.glob("*.safetensors"))
assert references, f"{arguments.out} holds no models; run the example write_tiny first"
for reference in references:
    name = reference.name.removesuffix(".safetensors")
    tensors = safetensors.numpy.load_file(reference)
    count = sum(key.startswith("image.") for key in tensors)
    images = [tensors[f"image.{i}"] for i in range(count)]
    # A batch of two as well: the batch is free.
    images.append(numpy.concatenate([images[1], images[1]]))
    of_images = [tensors[f"of_image.{i}"] for i in range(count)]
    of_images.append(numpy.concatenate([of_images[1], of_images[1]]))
    row = {"model": name, **versions}
    runs = []
    if with_torch:
        runs += [("torch", run_torch, ".pt", LIMIT)]
    if with_onnx:
        runs += [("onnx", run_onnx, ".onnx", LIMIT), ("onnx_f16", run_onnx, ".f16.onnx", LIMIT_F16)]
    for key, run, end, limit in runs:
        row[key] = difference(run(reference.with_name(name + end), images), of_images)
        failed |= row[key] > limit
        pixels = reference.with_name(f"{name}.pixels{end}")
        if key != "onnx_f16":
            row[f"{key}_pixels"] = difference(run(pixels, [tensors["pixels"]]), [tensors["of_pixels"]])
            failed |= row[f"{key}_pixels"] > limit
    print(json.dumps(row), flush=True)
sys.exit(failed)
