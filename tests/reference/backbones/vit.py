"""Tiny vision transformers of every variant, with the features that timm and OpenCLIP compute.

    python tests/reference/backbones/vit.py        # writes fixtures/*.safetensors beside this file

Each file holds the weights under the model's own keys (prefix `w.`) and the inputs (`in.*`), both rounded to
f16 before anything is computed; the features (`out.*`) at the native size, at another size, and behind the model's projection where it has
one; for some the gradients of sum(features * probe) (`grad.*`); and, as metadata, the architecture in mdfe's words.
"""
import json
import pathlib

import open_clip
import timm
import torch
from open_clip.model import resize_pos_embed
from open_clip.transformer import QuickGELU, VisionTransformer
from safetensors.torch import save_file

assert (timm.__version__, open_clip.__version__) == ("1.0.31", "3.3.0"), "made with timm 1.0.31 and open_clip 3.3.0"
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent / "fixtures"
HERE.mkdir(exist_ok=True)
WIDTH, DEPTH, HEADS, PATCH, SIZE = 16, 2, 2, 4, 24


def randomise(model, seed):
    """Every parameter random, so that none can be forgotten: timm starts biases at 0 and layer scales at 1e-5."""
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=g)
        if p.ndim == 1 and ("norm" in name or "ln_" in name) and "weight" in name:
            n = 1 + 0.2 * n
        elif "gamma" in name:
            n = 0.5 + 0.2 * n
        elif p.ndim == 1:
            n = 0.2 * n
        elif name.endswith(("_token", "pos_embed", "embedding", "latent")):
            n = 0.5 * n
        else:
            n = n / (p[0].numel() ** 0.5)
        p.data.copy_(n.half().float())


def size(config, **more):
    return dict(image_size=SIZE, patch_size=PATCH, width=WIDTH, depth=DEPTH, heads=HEADS, mlp_dim=4 * WIDTH) | config | more


def save(name, config, model, extra, grad=False):
    tensors = {f"w.{k}": v.half() for k, v in model.state_dict().items()} | extra
    if grad:
        x, probe = extra["in.native"], torch.randn(extra["out.native"].shape, generator=torch.Generator().manual_seed(5))
        (model(x) * probe).sum().backward()
        tensors |= {"probe": probe} | {f"grad.{k}": p.grad for k, p in model.named_parameters() if p.grad is not None}
    shrink = lambda k, v: v.half() if k.startswith("in.") else v
    tensors = {k: shrink(k, v).detach().contiguous().clone() for k, v in tensors.items()}
    save_file(tensors, HERE / f"{name}.safetensors", metadata={"architecture": json.dumps(config)})
    print(name, sum(p.numel() for p in model.parameters()), float(extra["out.native"].abs().mean()))


def images(h, w, seed):
    return torch.randn(2, 3, h, w, generator=torch.Generator().manual_seed(seed)).half().float()


def from_timm(name, registered, config, grad=False, projected=None, **kw):
    kw = dict(embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, patch_size=PATCH, img_size=SIZE) | kw
    build = lambda **more: timm.create_model(registered, **kw, **more).eval()
    model = build(num_classes=projected or 0, dynamic_img_size=True)
    randomise(model, 1)
    bare = build(num_classes=0, dynamic_img_size=True)
    bare.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("head.")})
    # 20 rows shrink the grid of positions, 32 columns stretch it.
    native, other = images(kw["img_size"], kw["img_size"], 2), images(20, 32, 3)
    with torch.no_grad():
        extra = {"in.native": native, "out.native": bare(native), "in.other": other, "out.other": bare(other)}
        if projected:
            extra["out.projected"] = model(native)
            config = config | {"projected_dim": projected}
    save(name, config, bare if grad else model, extra, grad)


def from_open_clip(name, config, **kw):
    kw = dict(patch_size=PATCH, width=WIDTH, layers=DEPTH, heads=HEADS, mlp_ratio=4.0, output_dim=12) | kw
    model = VisionTransformer(image_size=SIZE, **kw).eval()
    randomise(model, 1)
    other = VisionTransformer(image_size=32, **kw).eval()
    state = {f"visual.{k}": v for k, v in model.state_dict().items()}
    holder = torch.nn.Module()
    holder.visual = other
    resize_pos_embed(state, holder)
    holder.load_state_dict(state)
    native, large = images(SIZE, SIZE, 2), images(32, 32, 3)
    with torch.no_grad():
        extra = {"in.native": native, "in.other": large, "out.projected": model(native)}
        projections = model.proj, other.proj
        model.proj = other.proj = None
        extra |= {"out.native": model(native), "out.other": other(large)}
        model.proj, other.proj = projections
    save(name, config | {"projected_dim": 12}, model, extra)


VIT = dict(kind="vit", keys="timm", mlp="gelu", activation="gelu", norm_eps=1e-6, class_token=False, registers=0,
           class_position=False, patch_bias=True, pre_norm=False, layer_scale=False, pool="map", norm_after_pool=False)
from_timm("siglip", "vit_base_patch16_siglip_224", size(VIT), grad=True)
from_timm("siglip_tanh", "vit_base_patch32_siglip_256", size(VIT, activation="gelu_tanh", heads=4), num_heads=4)
from_timm("siglip_gap", "vit_base_patch16_siglip_gap_224", size(VIT, pool="avg"))
DINO = VIT | dict(class_token=True, class_position=True, layer_scale=True, pool="token")
from_timm("dinov2", "vit_small_patch14_dinov2", size(DINO))
from_timm("dinov2_giant", "vit_giant_patch14_reg4_dinov2",
          size(DINO, registers=4, class_position=False, mlp="swiglu", activation="silu", mlp_dim=42), mlp_ratio=5.25)
CLIP = DINO | dict(norm_eps=1e-5, patch_bias=False, pre_norm=True, layer_scale=False, activation="quick_gelu")
from_timm("clip_timm", "vit_base_patch16_clip_quickgelu_224", size(CLIP), projected=12)
OPEN = CLIP | dict(keys="open_clip")
from_open_clip("clip", size(OPEN, layer_scale=True, activation="gelu"), ls_init_value=0.1)
from_open_clip("clip_quick", size(OPEN), act_layer=QuickGELU)
from_open_clip("clipa", size(OPEN, pre_norm=False, pool="avg", norm_after_pool=True, activation="gelu"), no_ln_pre=True,
               pool_type="avg", final_ln_after_pool=True, pos_embed_type="sin_cos_2d")
EVA = dict(kind="eva", mlp="gelu", mlp_norm=False, attn_norm=False, qkv_fused=True, qkv_bias=True, post_norm=False,
           norm_eps=1e-6, rotary_reference_grid=None, pool="token", norm_after_pool=False)
from_timm("eva", "eva_giant_patch14_224", size(EVA, pool="avg", norm_after_pool=True), mlp_ratio=4)
from_timm("eva02_enormous", "eva02_enormous_patch14_clip_224", size(EVA, mlp_dim=64, post_norm=True), projected=12, mlp_ratio=4)
ROTARY = EVA | dict(rotary_reference_grid=[16, 16], mlp_dim=42)
from_timm("eva02_tiny", "eva02_tiny_patch14_224", size(ROTARY, mlp="swiglu_packed", pool="avg", norm_after_pool=True))
EVA02 = ROTARY | dict(mlp="swiglu", mlp_norm=True, qkv_fused=False)
from_timm("eva02_base", "eva02_base_patch14_224", size(EVA02, pool="avg", norm_after_pool=True))
from_timm("eva02_clip", "eva02_base_patch16_clip_224", size(EVA02, attn_norm=True), grad=True)
