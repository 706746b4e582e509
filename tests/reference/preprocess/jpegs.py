"""Writes crates/mdfe-data/tests/fixtures/images/jpeg and .../turned: JPEG files of the rarer kinds, files with an EXIF
orientation, and what Pillow makes of them. Expected pixels are PNG files. Run from the repository root, after generate.py:

    python tests/reference/preprocess/jpegs.py

`cjpeg` is Debian's libjpeg-turbo-progs.
"""

import json
import subprocess
from io import BytesIO
from pathlib import Path

import PIL
from PIL import Image, ImageOps, features

assert PIL.__version__ == "13.0.0" and features.version("libjpeg_turbo") == "3.2.0", PIL.__version__
CJPEG = subprocess.run(["cjpeg", "-version"], capture_output=True, text=True, check=True).stderr
assert CJPEG.startswith("libjpeg-turbo version 2.1.5"), CJPEG

IMAGES = Path("crates/mdfe-data/tests/fixtures/images")
# Neither side is a multiple of a block or of an MCU.
PHOTO = Image.open(IMAGES / "rgb.png").convert("RGB").crop((9, 6, 38, 29))
TINY = PHOTO.crop((8, 5, 15, 10))


def cjpeg(*options, files={}):
    """The photo, compressed; an option may be the name of one of `files`."""
    ppm = BytesIO()
    PHOTO.save(ppm, "PPM")
    for name, text in files.items():
        Path("/tmp", name).write_text(text)
    options = [f"/tmp/{o}" if o in files else o for o in options]
    command = ["cjpeg", "-quality", "85", *options]
    return subprocess.run(command, input=ppm.getvalue(), capture_output=True, check=True).stdout


def saved(image, format, **options):
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def without(data, marker):
    """The file without its first segment of this marker."""
    at = data.index(bytes([0xFF, marker]))
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def adobe(data, transform):
    """The file with another colour transform in its Adobe segment."""
    at = data.index(b"Adobe") + 11
    return data[:at] + bytes([transform]) + data[at + 1 :]


def jpegs():
    rgb = saved(PHOTO, "JPEG", quality=85, keep_rgb=True)
    cmyk = saved(PHOTO.convert("CMYK"), "JPEG", quality=85)
    scans = {"scans": "0;\n1;\n2;\n"}
    # Steps of more than 8 bits beside small ones; quality 50 takes them as they are.
    steps = {"tables": "\n".join(" ".join(str(257 + i % 8 if i % 3 else 3 + i) for i in range(64)) for _ in range(2))}
    return {
        "440": cjpeg("-sample", "1x2"),
        "411": cjpeg("-sample", "4x1"),
        "410": cjpeg("-sample", "4x2"),
        "third_width": cjpeg("-sample", "3x1"),
        "third_height": cjpeg("-sample", "1x3", "-progressive"),
        "third_and_half": cjpeg("-sample", "3x2"),
        "coarse_luma": cjpeg("-sample", "1x1,2x2,2x1"),
        "gray_2x2": cjpeg("-grayscale", "-sample", "2x2"),
        "scan_each": cjpeg("-sample", "2x2", "-scans", "scans", files=scans),
        "scan_each_restart": cjpeg("-sample", "2x1", "-restart", "2B", "-scans", "scans", files=scans),
        "progressive_restart": cjpeg("-sample", "2x2", "-progressive", "-restart", "1"),
        "table16": cjpeg("-quality", "50", "-sample", "1x1", "-qtables", "tables", files=steps),
        "adobe_rgb": rgb,
        "rgb_by_ids": without(rgb, 0xEE),
        # Samples that were cyan, magenta, yellow and black, read as YCCK: odd colours, the same arithmetic.
        "ycck": adobe(cmyk, 2),
        "adobe_unknown": adobe(cmyk, 1),
        "cmyk_unmarked": without(cmyk, 0xEE),
    }


def turned():
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[274] = orientation
        yield f"{orientation}.jpg", saved(TINY, "JPEG", quality=90, exif=exif)
    exif[274] = 9
    yield "9.jpg", saved(TINY, "JPEG", quality=90, exif=exif)
    exif[274] = 5
    yield "5.png", saved(TINY, "PNG", exif=exif)
    exif[274] = 8
    yield "8.webp", saved(TINY, "WEBP", lossless=True, exif=exif)
    yield "7.tif", saved(TINY, "TIFF", tiffinfo={274: 7})


def write(folder, name, data, change=lambda image: image):
    path = IMAGES / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    expected = f"{folder}/{name.replace('.', '_')}.expected.png"
    change(Image.open(path)).convert("RGB").save(IMAGES / expected, optimize=True)
    return dict(source=f"{folder}/{name}", expected=expected)


if __name__ == "__main__":
    plain = [write("jpeg", f"{name}.jpg", data) for name, data in jpegs().items()]
    upright = [write("turned", name, data, ImageOps.exif_transpose) for name, data in turned()]
    (IMAGES / "jpeg_cases.json").write_text(json.dumps(dict(plain=plain, upright=upright), indent=1) + "\n")
