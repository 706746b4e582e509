"""The numbers of one image tower, read from the module that timm or OpenCLIP builds."""

import copy
import functools

import open_clip
import timm
import torch
from torch import nn


def count(module):
    """Parameters of a module (buffers are not parameters)."""
    return sum(p.numel() for p in module.parameters())


def activation(module):
    """The name of an activation module."""
    if isinstance(module, nn.GELU):
        return {"none": "gelu", "tanh": "gelu_tanh"}[module.approximate]
    return {"QuickGELU": "quick_gelu", "GELUTanh": "gelu_tanh", "GELU": "gelu", "SiLU": "silu"}[type(module).__name__]


def is_identity(module):
    return module is None or isinstance(module, nn.Identity)


def first_norm_eps(model):
    return next(m.eps for m in model.modules() if isinstance(m, nn.LayerNorm))


@functools.cache
def _from_timm(name, num_classes):
    model = timm.create_model(name, num_classes=num_classes)
    return timm_tower(model, num_classes)


def from_timm(name, num_classes):
    """The tower behind a timm name; `num_classes` is the width of its own output projection, 0 for none."""
    return copy.deepcopy(_from_timm(name, num_classes))


def timm_tower(model, num_classes):
    """Numbers of a timm model. ImageNet classifiers (1000, 11821, 21841 classes) are no projection."""
    projection = num_classes if 0 < num_classes < 2000 and num_classes != 1000 else None
    kind = type(model).__name__
    head = count(model.get_classifier()) if num_classes else 0
    total = count(model) - head
    if kind == "EfficientNet":
        return tower("efficientnet_lite", {"variant": "lite0"}, model.num_features, None, total, None)
    if kind == "VisionTransformerSAM":
        total = count(model) - count(model.neck) - count(model.head)
        return tower("sam", sam(model), model.embed_dim, model.num_features, total, total + count(model.neck))
    numbers = eva(model) if kind == "Eva" else vit(model)
    family = "eva" if kind == "Eva" else "vit"
    with_projection = total + head if projection else None
    return tower(family, numbers, model.num_features, projection, total, with_projection)


def tower(kind, numbers, dim, projected_dim, params, projected_params):
    row = {"kind": kind, **numbers, "feature_dim": dim, "projected_dim": projected_dim}
    return {**row, "parameters": params, "projected_parameters": projected_params}


def vit(model):
    """timm's VisionTransformer: CLIP under timm's names, SigLIP, DINOv2."""
    block = model.blocks[0]
    swiglu = type(block.mlp).__name__ in ("GluMlp", "SwiGLU", "SwiGLUPacked")
    pool = {"token": "token", "avg": "avg", "map": "map"}[model.global_pool]
    # Where the last norm sits: before the pooling (`norm`) or after it (`fc_norm`).
    norm_after_pool = is_identity(model.norm) and not is_identity(model.fc_norm)
    if model.attn_pool is not None:
        assert model.attn_pool.mlp.fc1.out_features == block.mlp.fc1.out_features
        assert model.attn_pool.num_heads == block.attn.num_heads
    return {
        "keys": "timm",
        "image_size": model.patch_embed.img_size[0],
        "patch_size": model.patch_embed.patch_size[0],
        "width": model.embed_dim,
        "depth": len(model.blocks),
        "heads": block.attn.num_heads,
        "mlp_dim": block.mlp.fc2.in_features,
        "mlp": "swiglu" if swiglu else "gelu",
        "activation": activation(block.mlp.act),
        "norm_eps": first_norm_eps(model),
        "class_token": model.cls_token is not None,
        "registers": model.num_reg_tokens,
        "class_position": model.cls_token is not None and not model.no_embed_class,
        "patch_bias": model.patch_embed.proj.bias is not None,
        "pre_norm": not is_identity(model.norm_pre),
        "layer_scale": not is_identity(block.ls1),
        "pool": pool,
        "norm_after_pool": norm_after_pool,
    }


def eva(model):
    """timm's Eva: EVA and EVA02."""
    block = model.blocks[0]
    mlp = type(block.mlp).__name__
    rope = model.rope
    return {
        "image_size": model.patch_embed.img_size[0],
        "patch_size": model.patch_embed.patch_size[0],
        "width": model.embed_dim,
        "depth": len(model.blocks),
        "heads": block.attn.num_heads,
        "mlp_dim": block.mlp.fc2.in_features,
        "mlp": {"Mlp": "gelu", "SwiGLU": "swiglu", "GluMlp": "swiglu_packed"}[mlp],
        "mlp_norm": not is_identity(getattr(block.mlp, "norm", None)),
        "attn_norm": not is_identity(block.attn.norm),
        "qkv_fused": block.attn.qkv is not None,
        "qkv_bias": block.attn.q_bias is not None or (block.attn.qkv is None and block.attn.q_proj.bias is not None),
        "post_norm": type(block).__name__ == "EvaBlockPostNorm",
        "layer_scale": getattr(block, "gamma_1", None) is not None,
        "norm_eps": first_norm_eps(model),
        "rotary": rope is not None,
        "rotary_reference_grid": list(rope.ref_feat_shape) if rope is not None and rope.ref_feat_shape else None,
        "pool": {"token": "token", "avg": "avg"}[model.global_pool],
        "norm_after_pool": is_identity(model.norm) and not is_identity(model.fc_norm),
    }


def sam(model):
    """timm's VisionTransformerSAM."""
    block = model.blocks[0]
    return {
        "image_size": model.patch_embed.img_size[0],
        "patch_size": model.patch_embed.patch_size[0],
        "width": model.embed_dim,
        "depth": len(model.blocks),
        "heads": block.attn.num_heads,
        "mlp_dim": block.mlp.fc1.out_features,
        "window": max(b.window_size for b in model.blocks),
        "global_blocks": [i for i, b in enumerate(model.blocks) if b.window_size == 0],
        "norm_eps": first_norm_eps(model),
        "neck_dim": model.num_features,
    }


def convnext(visual):
    """OpenCLIP's TimmModel around timm's ConvNeXt."""
    trunk = visual.trunk
    eps = {m.eps for m in trunk.modules() if isinstance(m, nn.LayerNorm)}
    # OpenCLIP's trunks keep timm's default for the head's norm; the table states both.
    head_eps = trunk.head.norm.eps
    stage_eps = trunk.stages[0].blocks[0].norm.eps
    assert eps == {head_eps, stage_eps}, eps
    return {
        "image_size": visual.image_size[0],
        "depths": [len(s.blocks) for s in trunk.stages],
        "dims": [s.blocks[0].mlp.fc1.in_features for s in trunk.stages],
        "norm_eps": stage_eps,
        "head_norm_eps": head_eps,
        "projection": "mlp" if hasattr(visual.head, "mlp") else "linear",
    }


def clip(visual):
    """OpenCLIP's own VisionTransformer."""
    block = visual.transformer.resblocks[0]
    assert type(block).__name__ == "ResidualAttentionBlock" and visual.attn_pool is None
    return {
        "keys": "open_clip",
        "image_size": visual.image_size[0],
        "patch_size": visual.patch_size[0],
        "width": visual.conv1.out_channels,
        "depth": len(visual.transformer.resblocks),
        "heads": block.attn.num_heads,
        "mlp_dim": block.mlp.c_fc.out_features,
        "mlp": "gelu",
        "activation": activation(block.mlp.gelu),
        "norm_eps": first_norm_eps(visual),
        "class_token": True,
        "registers": 0,
        "class_position": True,
        "patch_bias": False,
        "pre_norm": not is_identity(visual.ln_pre),
        "layer_scale": not is_identity(block.ls_1),
        "pool": {"tok": "token", "avg": "avg"}[visual.pool_type],
        "norm_after_pool": visual.final_ln_after_pool,
    }


@functools.cache
def _from_open_clip(arch, quick_gelu):
    config = open_clip.get_model_config(arch)
    embed_dim = config["embed_dim"]
    vision = open_clip.model.CLIPVisionCfg(**{**config["vision_cfg"], "timm_model_pretrained": False})
    visual = open_clip.model._build_vision_tower(embed_dim, vision, quick_gelu)
    size = visual.image_size[0] if isinstance(visual.image_size, tuple) else visual.image_size
    if type(visual).__name__ == "VisionTransformer":
        total = count(visual)
        proj = visual.proj.numel()
        return tower("vit", clip(visual), visual.conv1.out_channels, embed_dim, total - proj, total), size
    trunk = visual.trunk
    if type(trunk).__name__ == "ConvNeXt":
        total = count(visual)
        features = count(trunk)
        return tower("convnext", convnext(visual), trunk.num_features, embed_dim, features, total), size
    row = timm_tower(trunk, trunk.num_classes)
    if "keys" in row:
        row["keys"] = "open_clip_timm"
    return row, size


def from_open_clip(arch, quick_gelu):
    """The tower behind an OpenCLIP architecture and its input size in pixels."""
    row, size = _from_open_clip(arch, quick_gelu)
    return copy.deepcopy(row), size


def text_tower(arch, quick_gelu):
    """The numbers of an architecture's text tower in mdfe's words (open_clip `CLIPTextCfg`), or None for Hugging Face text models."""
    config = open_clip.get_model_config(arch)
    text = config["text_cfg"]
    if "hf_model_name" in text:
        return None
    known = {
        "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "norm_kwargs", "act_kwargs", "no_causal_mask",
        "pool_type", "eos_id", "proj_type", "proj_bias", "hf_tokenizer_name", "tokenizer_kwargs",
    }
    assert set(text) <= known, (arch, set(text) - known)
    cfg = open_clip.model.CLIPTextCfg(**{k: v for k, v in text.items()})
    kwargs = cfg.tokenizer_kwargs or {}
    assert set(kwargs) <= {"clean", "strip_sep_token"}, (arch, kwargs)
    act = "quick_gelu" if quick_gelu else {None: "gelu", "tanh": "gelu_tanh"}[(cfg.act_kwargs or {}).get("approximate")]
    projection = "none" if cfg.proj_type == "none" else "linear" if cfg.proj_bias else "matrix"
    pool = {"eos": cfg.eos_id} if cfg.pool_type == "eos" else cfg.pool_type
    assert pool in ("argmax", "last") or isinstance(pool, dict), (arch, pool)
    return {
        "context_length": cfg.context_length,
        "vocab_size": cfg.vocab_size,
        "width": cfg.width,
        "heads": cfg.heads,
        "layers": cfg.layers,
        "mlp_dim": int(cfg.width * cfg.mlp_ratio),
        "activation": act,
        "norm_eps": (cfg.norm_kwargs or {}).get("eps", 1e-5),
        "causal": not cfg.no_causal_mask,
        "pool": pool,
        "projection": projection,
        "embed_dim": config["embed_dim"],
        "tokenizer": cfg.hf_tokenizer_name,
        "clean": kwargs.get("clean", "whitespace" if cfg.hf_tokenizer_name else "lower"),
        "strip_sep": kwargs.get("strip_sep_token", False),
    }
