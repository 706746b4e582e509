"""Runs an exported model on image files, one by one, and compares with what `mdfe embed` wrote for them.

    mdfe export --model RUN --format torchscript --output saved_model.pt
    mdfe embed --model RUN --input IMAGES --output E.safetensors
    python tests/reference/export/embeddings.py saved_model.pt E.safetensors [--limit N]

Images are read by Pillow; from the bytes on, everything is the exported model's. `.onnx` files run in onnxruntime. Prints the largest
difference, and how long an image takes.
"""
import argparse
import json
import pathlib
import time
import warnings

import numpy
import PIL
from PIL import Image
from safetensors import safe_open

assert int(PIL.__version__.split(".")[0]) >= 12, "compared with Pillow 12 and 13"
arguments = argparse.ArgumentParser()
arguments.add_argument("model", type=pathlib.Path)
arguments.add_argument("embeddings", type=pathlib.Path)
arguments.add_argument("--limit", type=int)
arguments = arguments.parse_args()
warnings.simplefilter("ignore")
if arguments.model.suffix == ".onnx":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(arguments.model), options, providers=["CPUExecutionProvider"])
    version = f"onnxruntime {onnxruntime.__version__}"

    def run(image):
        return session.run(None, {"image": image})[0]
else:
    import torch

    torch.set_num_threads(1)
    module = torch.jit.load(str(arguments.model)).eval()
    version = f"torch {torch.__version__}"

    def run(image):
        with torch.no_grad():
            return module(torch.from_numpy(image)).numpy()


with safe_open(str(arguments.embeddings), "numpy") as file:
    paths = json.loads(file.metadata()["paths"])[: arguments.limit]
    expected = file.get_tensor("embeddings")[: len(paths)]
assert paths, "the file holds no embeddings"
differences, seconds = [], []
for path, row in zip(paths, expected):
    image = numpy.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1)[None].copy()
    start = time.perf_counter()
    found = run(image)
    seconds.append(time.perf_counter() - start)
    assert found.shape == (1, len(row)), f"{found.shape}"
    differences.append(float(numpy.abs(found[0] - row).max()))
worst = int(numpy.argmax(differences))
print(json.dumps({
    "model": arguments.model.name, "with": version, "images": len(paths), "dim": len(row),
    "largest_difference": differences[worst], "median_difference": float(numpy.median(differences)),
    "of": paths[worst], "median_seconds": float(numpy.median(seconds)),
}))
assert differences[worst] < 1e-4
