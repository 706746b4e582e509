"""Writes the tiny weight files of crates/mdfe-model/tests/fixtures/weights: every way a state dict comes in.

    python tests/reference/pretrained/state_dicts.py
"""

import json
import pathlib

import safetensors.torch
import torch

assert torch.__version__.startswith("2.15.0"), torch.__version__

OUT = pathlib.Path(__file__).parents[3] / "crates/mdfe-model/tests/fixtures/weights"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    a = torch.arange(6.0).reshape(2, 3)
    b = torch.tensor([1.5, 4.5])
    plain = {"a": a, "b": b}
    torch.save(plain, OUT / "plain.bin")
    torch.save({"epoch": 3, "name": "toy", "state_dict": plain}, OUT / "nested.pt")
    torch.save({"model": {f"module.{k}": torch.nn.Parameter(v) for k, v in plain.items()}}, OUT / "module.pth")
    torch.save({k: v.to(torch.float16) for k, v in plain.items()}, OUT / "half.bin")
    # Column-major strides, and a view into a larger storage.
    torch.save({"a": a.t().contiguous().t(), "b": b}, OUT / "transposed.bin")
    torch.save({"a": a, "b": torch.tensor([9.0, 9.0, 1.5, 4.5])[2:]}, OUT / "view.bin")
    torch.save(plain, OUT / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3}, OUT / "empty.pt")
    files = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for key, file in files.items():
        safetensors.torch.save_file({key: plain[key]}, OUT / file)
    (OUT / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}) + "\n")


if __name__ == "__main__":
    main()
