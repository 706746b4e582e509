"""Full-size random models for `examples/compare_backbone.rs`: too large to commit, so made and compared by hand.

    python tests/reference/backbones/full_size.py FOLDER vit_base_patch16_siglip_224 vit_so400m_patch14_siglip_384 ...

Writes FOLDER/NAME.safetensors (the library's initialisation, seed 0) and FOLDER/NAME.reference.safetensors (two random
images and their features in f32), and prints the number of parameters. Names of open_clip's models give the image tower with its
output projection (compare with `--proj-layer`), others are timm's.
"""
import pathlib
import sys

import open_clip
import timm
import torch
from safetensors.torch import save_file

assert timm.__version__ == "1.0.31", "made with timm 1.0.31"
assert open_clip.__version__ == "3.3.0", "made with open_clip 3.3.0"
torch.set_num_threads(1)
folder = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    torch.manual_seed(0)
    if name in open_clip.list_models():
        model = open_clip.create_model(name).visual.eval()
        side = model.image_size[0] if isinstance(model.image_size, tuple) else model.image_size
    else:
        model = timm.create_model(name, num_classes=0).eval()
        side = model.default_cfg["input_size"][-1]
    pixels = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        features = model(pixels)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / f"{name}.safetensors")
    save_file({"pixels": pixels, "features": features.contiguous()}, folder / f"{name}.reference.safetensors")
    print(name, sum(p.numel() for p in model.parameters()), "parameters; features of order", float(features.abs().mean()))
