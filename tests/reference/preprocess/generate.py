"""Writes crates/mdfe-data/tests/fixtures/images: small images, what Pillow decodes them to, and what timm's and
torchvision's transforms make of them. Expected pixels are PNG files. Run from the repository root:

    python tests/reference/preprocess/generate.py
"""

import json
from pathlib import Path

import numpy as np
import PIL
import skimage
import timm
import torchvision
from PIL import Image, features
from timm.data.transforms_factory import transforms_imagenet_eval
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

assert PIL.__version__ == "13.0.0" and features.version("libjpeg_turbo") == "3.2.0", PIL.__version__
assert torchvision.__version__.startswith("0.29.") and timm.__version__ == "1.0.31"

OUT = Path("crates/mdfe-data/tests/fixtures/images")
FACE = Image.fromarray(skimage.data.chelsea()).crop((120, 60, 320, 240))  # CC0


def save(image, name, **options):
    image.save(OUT / name, **options)
    return name


def expect(image, name):
    image.save(OUT / name, optimize=True)
    return name


def images():
    photo = FACE.resize((51, 37), Image.BICUBIC)
    rgba = photo.copy()
    rgba.putalpha(photo.convert("L").point(lambda v: 255 - v))
    gray16 = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 200 + 7)
    tiny = photo.crop((10, 8, 13, 10))
    return [
        save(photo, "420.jpg", quality=85, subsampling=2),
        save(photo, "422.jpg", quality=85, subsampling=1),
        save(photo, "444.jpg", quality=60, subsampling=0),
        save(photo, "progressive.jpg", quality=85, subsampling=2, progressive=True),
        save(photo, "restart.jpg", quality=85, restart_marker_blocks=2),
        save(photo.convert("L"), "gray.jpg", quality=85),
        save(photo.convert("CMYK"), "cmyk.jpg", quality=85),
        save(tiny, "tiny_420.jpg", quality=85, subsampling=2),
        save(photo.transpose(Image.TRANSPOSE), "exif_turned.jpg", quality=85, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
        save(photo, "rgb.png", optimize=True),
        save(rgba, "rgba.png", optimize=True),
        save(rgba.convert("LA"), "la.png", optimize=True),
        save(photo.quantize(20), "palette.png", transparency=3, optimize=True),
        save(photo.convert("1"), "bilevel.png"),
        save(gray16, "gray16.png"),
        save(photo, "lossy.webp", quality=80),
        save(rgba, "alpha.webp", quality=70),
        save(rgba, "lossless.webp", lossless=True),
        save(photo, "still.gif"),
        save(photo, "plain.bmp"),
        save(photo, "plain.tif"),
    ]


def evaluation_cases():
    """timm's evaluation transform, with mean 0 and std 1/255 undone by rounding: the bytes after crop and padding."""
    landscape, portrait = FACE.crop((0, 0, 97, 64)), FACE.crop((20, 0, 61, 151))
    landscape.save(OUT / "landscape.png", optimize=True)
    portrait.save(OUT / "portrait.png", optimize=True)
    table = [
        ("landscape.png", (32, 32), "bicubic", "center", 0.9, 0),
        ("landscape.png", (33, 33), "bicubic", "center", 1.0, 0),
        ("landscape.png", (28, 28), "lanczos", "center", 0.875, 0),
        ("landscape.png", (80, 80), "bicubic", "center", 1.0, 0),
        ("landscape.png", (24, 24), "bilinear", "squash", 1.0, 0),
        ("landscape.png", (40, 40), "bicubic", "border", 1.0, 77),
        ("landscape.png", (30, 40), "bicubic", "center", 0.95, 0),
        ("portrait.png", (32, 32), "bicubic", "center", 1.0, 0),
        ("portrait.png", (31, 31), "bilinear", "center", 0.9, 0),
        ("portrait.png", (36, 36), "bicubic", "squash", 1.0, 0),
        ("portrait.png", (64, 64), "lanczos", "squash", 1.0, 0),
        ("portrait.png", (33, 33), "lanczos", "border", 0.9, 200),
    ]
    cases = []
    for i, (source, size, filter, mode, fraction, fill) in enumerate(table):
        transform = transforms_imagenet_eval(
            img_size=size, crop_pct=fraction, crop_mode=mode, interpolation=filter, mean=(fill / 255,) * 3, std=(1.0,) * 3
        )
        pixels = transform(Image.open(OUT / source).convert("RGB")).numpy() + np.float32(fill / 255)
        pixels = np.round(pixels * 255).astype(np.uint8).transpose(1, 2, 0)
        cases.append(
            dict(
                source=source,
                size=size,
                interpolation=filter,
                crop_mode={"border": "longest"}.get(mode, mode),
                crop_fraction=fraction,
                fill=fill,
                expected=expect(Image.fromarray(pixels), f"evaluation_{i}.png"),
            )
        )
    return cases


def augmentation_cases():
    photo = Image.open(OUT / "landscape.png").convert("RGB")
    cases = []
    boxes = [(3, 10, 50, 50, 32), (0, 0, 64, 97, 24), (11, 30, 20, 26, 40)]
    for i, (top, left, height, width, size) in enumerate(boxes):
        image = F.resized_crop(photo, top, left, height, width, [size, size], InterpolationMode.BICUBIC, antialias=True)
        image = F.hflip(image) if i == 1 else image
        name = expect(image, f"augmentation_{i}.png")
        cases.append(dict(box=[top, left, height, width], size=size, flip=i == 1, colors=[], expected=name))
    chains = [
        [("brightness", 0.6)], [("brightness", 1.37)], [("contrast", 0.63)], [("contrast", 1.4)],
        [("saturation", 0.7)], [("saturation", 1.31)],
        [("saturation", 1.25), ("brightness", 0.81), ("contrast", 1.2)],
        [("contrast", 0.9), ("saturation", 0.65), ("brightness", 1.3)],
    ]
    apply = dict(brightness=F.adjust_brightness, contrast=F.adjust_contrast, saturation=F.adjust_saturation)
    for i, chain in enumerate(chains, len(boxes)):
        image = F.resized_crop(photo, 0, 16, 64, 64, [24, 24], InterpolationMode.BICUBIC, antialias=True)
        for name, factor in chain:
            image = apply[name](image, factor)
        expected = expect(image, f"augmentation_{i}.png")
        cases.append(dict(box=[0, 16, 64, 64], size=24, flip=False, colors=chain, expected=expected))
    return cases


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    decoded = []
    for source in images():
        expected = source.replace(".", "_") + ".expected.png"
        expect(Image.open(OUT / source).convert("RGB"), expected)
        decoded.append(dict(source=source, expected=expected))
    cases = dict(decoded=decoded, evaluation=evaluation_cases(), augmentation=augmentation_cases())
    (OUT / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    data = (OUT / "420.jpg").read_bytes()
    (OUT / "truncated.jpg").write_bytes(data[: len(data) * 2 // 3])
    (OUT / "text.jpg").write_text("This is no image.\n")
    bomb = bytearray(data)
    at = bomb.index(b"\xff\xc0")
    bomb[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    (OUT / "bomb.jpg").write_bytes(bomb)
