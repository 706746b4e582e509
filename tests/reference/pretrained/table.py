"""Writes the table of pretrained image towers, crates/mdfe-model/src/pretrained/table.json.

Every number comes from the packages themselves: names, tags, hub repositories and transforms from timm's
`default_cfgs` and OpenCLIP's `pretrained.py`; architecture numbers and parameter counts from the modules, built on the
meta device, so that no weights are allocated.

    python tests/reference/pretrained/table.py
"""

import json
import pathlib
import warnings

import open_clip
import timm
import torch
from open_clip.pretrained import _PRETRAINED

import towers

assert timm.__version__ == "1.0.31", timm.__version__
assert open_clip.__version__ == "3.3.0", open_clip.__version__

OUT = pathlib.Path(__file__).parents[3] / "crates/mdfe-model/src/pretrained/table.json"

# OpenCLIP architectures that are not of the eight families: ResNets, CoCa's attentional poolers, hybrids.
SKIPPED = ("RN", "coca", "MobileCLIP", "ViTamin", "PE-Core")


# Licences of repositories that timm has no record of, as their model cards state them, by the start of the repository's name. What is
# not here and not in timm has none in the table: somebody who shares such a model must look.
LICENSES = {
    "laion/": "mit",
    "UCSC-VLAA/": "apache-2.0",
    # The weights of timm's SigLIP and EVA02 rows with their text towers.
    "timm/ViT-": "apache-2.0",
    "timm/eva": "mit",
}


def timm_family(name, tag):
    """The family of a timm name, or None for one that is not in the table."""
    if name.startswith(("naflexvit", "vitamin", "resnet")):
        return None
    if name == "tf_efficientnet_lite0":
        return "efficientnet_lite"
    if name.startswith("samvit_"):
        return "sam"
    if name.startswith(("eva02_", "eva_giant_")):
        return "eva02"
    if "_dinov2" in name:
        return "dinov2"
    if "_siglip_" in name:
        return "siglip"
    if "_clip_" in name:
        return "meta-clip" if tag.startswith("metaclip") else "clip"
    return None


def open_clip_family(arch, tag):
    """The family of an OpenCLIP name, or None for one that is not in the table."""
    if arch.startswith(SKIPPED):
        return None
    if arch.startswith("convnext"):
        return "clip_convnext"
    if "SigLIP" in arch or arch.endswith("-siglip"):
        return "siglip"
    if arch.startswith("EVA"):
        return "eva02"
    if "CLIPA" in arch:
        return "clipav2"
    return "meta-clip" if tag.startswith("metaclip") else "clip"


class Table:
    """Collects rows; equal architectures and equal transforms are stored once."""

    def __init__(self):
        self.preprocess, self.architectures, self.models, self.texts = [], {}, [], {}
        cfgs = [timm.get_pretrained_cfg(full) for full in timm.list_pretrained()]
        self.licenses = {cfg.hf_hub_id: cfg.license for cfg in cfgs}

    def license(self, repo):
        """The licence of a repository's weights, as timm or the repository itself states it; None for one that neither does."""
        stated = [license for start, license in LICENSES.items() if repo.startswith(start)]
        return self.licenses.get(repo) or next(iter(stated), None)

    def record(self, record):
        if record not in self.preprocess:
            self.preprocess.append(record)
        return self.preprocess.index(record)

    def text(self, name, tag, numbers):
        """The key of a text tower, or None; equal ones are stored once."""
        if numbers is None:
            return None
        same = [k for k, v in self.texts.items() if v == numbers]
        key = same[0] if same else name if name not in self.texts else f"{name}.{tag}"
        self.texts[key] = numbers
        return key

    def add(self, name, tag, source, family, repo, tower, record, text=None):
        same = [k for k, v in self.architectures.items() if v == tower]
        key = same[0] if same else name if name not in self.architectures else f"{name}.{tag}"
        self.architectures[key] = tower
        row = {"name": name, "tag": tag, "source": source, "family": family, "repo": repo, "tower": key}
        row["license"] = self.license(repo)
        self.models.append({**row, "preprocess": self.record(record), "text": self.text(name, tag, text)})


def timm_record(cfg):
    """timm's evaluation transform, as `resolve_model_data_config` states it."""
    data = timm.data.resolve_data_config({}, pretrained_cfg=cfg.to_dict())
    return {
        "size": list(data["input_size"][1:]),
        "mean": list(data["mean"]),
        "std": list(data["std"]),
        "interpolation": data["interpolation"],
        "crop_mode": {"center": "center", "squash": "squash", "border": "longest"}[data["crop_mode"]],
        "crop_fraction": data["crop_pct"],
        "fill": 0,
    }


def open_clip_record(cfg, size):
    """OpenCLIP's evaluation transform: its `PreprocessCfg` at the tower's size."""
    return {
        "size": [size, size],
        "mean": list(cfg["mean"]),
        "std": list(cfg["std"]),
        "interpolation": cfg["interpolation"],
        "crop_mode": {"shortest": "center", "squash": "squash", "longest": "longest"}[cfg["resize_mode"]],
        "crop_fraction": 1.0,
        "fill": 0,
    }


def main():
    warnings.simplefilter("ignore")
    table = Table()
    for full in timm.list_pretrained():
        name, _, tag = full.partition(".")
        if family := timm_family(name, tag):
            cfg = timm.get_pretrained_cfg(full)
            assert cfg.hf_hub_id and not cfg.hf_hub_filename, full
            tower = towers.from_timm(name, cfg.num_classes)
            table.add(name, tag, "timm", family, cfg.hf_hub_id, tower, timm_record(cfg))
    # timm's own default comes first among the tags of a name.
    default = {n: timm.get_pretrained_cfg(n).tag for n in {m["name"] for m in table.models}}
    table.models.sort(key=lambda m: (m["name"], m["tag"] != default[m["name"]], m["tag"]))

    for arch, tags in _PRETRAINED.items():
        for tag, cfg in tags.items():
            family = open_clip_family(arch, tag)
            if family and cfg["hf_hub"]:
                repo, _, file = cfg["hf_hub"].rpartition("/")
                assert not file, (arch, tag, file)
                # The weights decide the activation, whichever of the two names (with or without `-quickgelu`) is used:
                # OpenCLIP warns about the mismatch and computes with the wrong one.
                tower, size = towers.from_open_clip(arch, cfg.get("quick_gelu", False))
                text = towers.text_tower(arch, cfg.get("quick_gelu", False))
                table.add(arch, tag, "open_clip", family, repo, tower, open_clip_record(cfg, size), text)

    lines = ["{", f' "versions": {{"timm": "{timm.__version__}", "open_clip": "{open_clip.__version__}"}},']
    for part in ("preprocess", "models"):
        rows = ",\n".join("  " + json.dumps(r) for r in getattr(table, part))
        lines.append(f' "{part}": [\n{rows}\n ],')
    rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table.architectures.items())
    lines.append(f' "towers": {{\n{rows}\n }},')
    rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table.texts.items())
    lines.append(f' "texts": {{\n{rows}\n }}\n}}\n')
    OUT.write_text("\n".join(lines))
    print(len(table.models), "models,", len(table.architectures), "towers,", len(table.texts), "text towers,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    with torch.device("meta"):
        main()
