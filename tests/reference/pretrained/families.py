"""Tiny ConvNeXt and SAM towers with the features that timm and OpenCLIP compute.

    python tests/reference/pretrained/families.py        # writes fixtures/*.safetensors beside this file

Each file holds the weights under the model's own keys (prefix `w.`) and the inputs (`in.*`), rounded to f16 before anything
is computed; the features (`out.*`) at the native size and at another one, and behind the model's own projection; the
gradients of sum(features * probe) for a few weights (`grad.*`); and, as metadata, the architecture in mdfe's words.
"""

import json
import pathlib

import open_clip
import timm
import torch
from open_clip.timm_model import TimmModel
from safetensors.torch import save_file
from timm.models.convnext import ConvNeXt
from timm.models.vision_transformer_sam import VisionTransformerSAM

import towers

assert (timm.__version__, open_clip.__version__) == ("1.0.31", "3.3.0"), "made with timm 1.0.31 and open_clip 3.3.0"
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent / "fixtures"
DIMS, DEPTHS, EMBED = [6, 8, 12, 16], [1, 1, 2, 1], 10


def mdfe_tiny_convnext(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, cache_dir=None, **kwargs):
    """What OpenCLIP's TimmModel asks timm for, but small; without weights to fetch."""
    model = ConvNeXt(depths=DEPTHS, dims=DIMS, **kwargs)
    model.default_cfg = {}
    return model


mdfe_tiny_convnext.__module__ = "timm.models.convnext"
timm.models.register_model(mdfe_tiny_convnext)


def randomise(model, seed):
    """Every parameter random, so that none can be forgotten: timm starts biases and relative positions at 0, gamma at 1e-6."""
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=g)
        if p.ndim == 1:
            # Norms and layer scales lie around 1, biases around 0.
            n = 0.2 * n + float("weight" in name or "gamma" in name)
        elif "pos" in name:
            n = 0.5 * n
        else:
            n = n / (p[0].numel() ** 0.5)
        p.data.copy_(n.half().float())


def images(h, w, seed):
    return torch.randn(2, 3, h, w, generator=torch.Generator().manual_seed(seed)).half().float()


def save(name, config, model, features, projected, sizes, probed):
    """Runs `features` and `projected` on the sizes and writes the file; `probed` are the weights whose gradients go with it."""
    tensors = {f"w.{k}": v.half() for k, v in model.state_dict().items()}
    for seed, (key, (h, w)) in enumerate(sizes.items()):
        x = images(h, w, seed)
        tensors[f"in.{key}"] = x.half()
        with torch.no_grad():
            tensors[f"out.{key}"] = features(x)
            tensors[f"projected.{key}"] = projected(x)
    probe = torch.randn(tensors["out.native"].shape, generator=torch.Generator().manual_seed(9))
    (features(tensors["in.native"].float()) * probe).sum().backward()
    grads = {k: p.grad for k, p in model.named_parameters() if k in probed}
    assert len(grads) == len(probed), grads.keys()
    tensors |= {"probe": probe} | {f"grad.{k}": g for k, g in grads.items()}
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    HERE.mkdir(exist_ok=True)
    save_file(tensors, HERE / f"{name}.safetensors", metadata={"architecture": json.dumps(config)})
    print(name, sum(p.numel() for p in model.parameters()), float(tensors["out.native"].abs().mean()))


def convnext(kind):
    visual = TimmModel("mdfe_tiny_convnext", embed_dim=EMBED, image_size=64, pool="", proj=kind).eval()
    randomise(visual, 1)
    config = towers.tower("convnext", towers.convnext(visual), DIMS[-1], EMBED, None, None)
    # 91 rows leave an odd rest at the stem and in two downsamplings.
    sizes = {"native": (64, 64), "other": (91, 44)}
    probed = ["trunk.stem.0.weight", "trunk.stages.1.downsample.1.weight", "trunk.stages.2.blocks.1.conv_dw.weight"]
    save(f"convnext_{kind}", config, visual, visual.trunk, visual, sizes, probed)


def sam():
    model = VisionTransformerSAM(
        img_size=48, patch_size=4, embed_dim=16, depth=3, num_heads=2, window_size=5, global_attn_indexes=(1,),
        use_rel_pos=True, neck_chans=6, num_classes=0,
    ).eval()
    randomise(model, 2)
    config = towers.tower("sam", towers.sam(model), 16, 6, None, None)

    def features(x):
        x = model.patch_embed(x)
        x = x + timm.layers.pos_embed.resample_abs_pos_embed_nhwc(model.pos_embed, x.shape[1:3])
        return model.blocks(x).mean((1, 2))

    # 12 by 12 patches in windows of 5 are padded; 9 by 14 shrink one axis' relative positions and stretch the other's.
    sizes = {"native": (48, 48), "other": (36, 56)}
    probed = ["pos_embed", "blocks.0.attn.rel_pos_h", "blocks.1.attn.rel_pos_w", "blocks.0.attn.qkv.bias"]
    save("sam", config, model, features, model, sizes, probed)


if __name__ == "__main__":
    convnext("linear")
    convnext("mlp")
    sam()
