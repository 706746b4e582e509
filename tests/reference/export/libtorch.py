"""Compares exported models with mdfe in the libtorch of PyTorch 1.11.0, without the Python that it wants (3.7 to 3.10).

    pip download --no-deps --only-binary=:all: --python-version 3.10 --implementation cp --abi cp310 \
        --platform manylinux1_x86_64 torch==1.11.0
    unzip torch-1.11.0-*.whl 'torch/lib/*' 'torch/include/*'
    g++ -std=c++14 -D_GLIBCXX_USE_CXX11_ABI=0 -Itorch/include -Itorch/include/torch/csrc/api/include libtorch.cpp \
        -Ltorch/lib -ltorch_cpu -lc10 -Wl,--unresolved-symbols=ignore-in-shared-libs -o libtorch
    cargo run -p mdfe-export --example write_tiny -- OUT
    LD_LIBRARY_PATH=torch/lib python tests/reference/export/libtorch.py ./libtorch OUT

Prints one JSON line per model; ends with 1 where a difference is above 1e-4.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import safetensors.numpy

program, out = sys.argv[1], pathlib.Path(sys.argv[2])
jobs, lines = [], []
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for reference in sorted(out.glob("*.safetensors")):
        name = reference.name.removesuffix(".safetensors")
        tensors = safetensors.numpy.load_file(reference)
        count = sum(key.startswith("image.") for key in tensors)
        runs = [(".pt", "u8", tensors[f"image.{i}"], tensors[f"of_image.{i}"]) for i in range(count)]
        runs.append((".pixels.pt", "f32", tensors["pixels"], tensors["of_pixels"]))
        for end, kind, x, expected in runs:
            source, target = folder / f"{len(jobs)}.in", folder / f"{len(jobs)}.out"
            numpy.ascontiguousarray(x).tofile(source)
            lines.append(f"{out / (name + end)} {kind} {' '.join(map(str, x.shape))} {source} {target}")
            jobs.append((name, end, target, expected))
    assert jobs, f"{out} holds no models; run the example write_tiny first"
    said = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True).stdout
    version = said.split()[0]
    assert version == "1.11.0", f"compared with libtorch 1.11.0, not {version}"
    worst = {}
    for name, end, target, expected in jobs:
        found = numpy.fromfile(target, dtype=numpy.float32).reshape(expected.shape)
        difference = float(numpy.abs(found - expected).max())
        assert difference == difference, f"{name}{end}: an embedding is not a number"
        row = worst.setdefault(name, {"model": name, "libtorch": version, ".pt": 0.0, ".pixels.pt": 0.0})
        row[end] = max(row[end], difference)
for row in worst.values():
    print(json.dumps(row))
sys.exit(any(max(row[".pt"], row[".pixels.pt"]) > 1e-4 for row in worst.values()))
