"""What timm computes with the demo's backbone: features at even and odd sizes, and gradients.

    python tests/reference/demo/features.py        # writes efficientnet_lite0.safetensors beside this file

The weights are the committed ones (data/demo), so that the fixture holds only inputs (`in.*`, rounded to f16 before anything is
computed), features (`out.*`), and the gradients of sum(features * probe) at the first size for a few weights (`grad.*`), with
batch norms on their running statistics.
"""

import pathlib

import timm
import torch
from safetensors.torch import load_file, save_file

assert timm.__version__ == "1.0.31", timm.__version__
assert torch.__version__.startswith("2.15."), torch.__version__
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
WEIGHTS = HERE.parents[2] / "data/demo/tf_efficientnet_lite0.safetensors"
# An odd rest at every stride; images that end smaller than the last window, down to one row.
SIZES = {"even": (2, 64, 64), "odd": (2, 75, 41), "small": (1, 17, 33), "tiny": (1, 9, 20)}
PROBED = ["conv_stem.weight", "bn1.weight", "blocks.1.0.conv_dw.weight", "blocks.2.0.bn2.bias", "blocks.0.0.conv_pw.weight"]


def main():
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    weights = {k: v.float() for k, v in load_file(WEIGHTS).items()}
    rest = model.load_state_dict(weights, strict=False)
    assert not rest.unexpected_keys and all(k.endswith("num_batches_tracked") for k in rest.missing_keys), rest
    tensors = {}
    for seed, (key, (batch, height, width)) in enumerate(SIZES.items()):
        x = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(seed)).half()
        tensors[f"in.{key}"] = x
        with torch.no_grad():
            tensors[f"out.{key}"] = model(x.float())
        print(key, tuple(tensors[f"out.{key}"].shape), float(tensors[f"out.{key}"].abs().max()))
    probe = torch.randn(tensors["out.even"].shape, generator=torch.Generator().manual_seed(9))
    (model(tensors["in.even"].float()) * probe).sum().backward()
    grads = {f"grad.{k}": p.grad for k, p in model.named_parameters() if k in PROBED}
    assert len(grads) == len(PROBED), grads.keys()
    save_file({k: v.contiguous() for k, v in (tensors | {"probe": probe} | grads).items()}, HERE / "efficientnet_lite0.safetensors")


if __name__ == "__main__":
    main()
