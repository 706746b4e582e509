"""Prints the perceptual hashes of tests/curate/phash.rs: scipy's DCT over Pillow's gray image, as imagehash.phash.

Run: python phash.py
"""

import numpy as np
import PIL
import scipy
from PIL import Image
from scipy.fftpack import dct

assert (scipy.__version__, np.__version__, PIL.__version__) == ("1.17.1", "2.4.6", "13.0.0"), (scipy.__version__, np.__version__, PIL.__version__)


def phash(image):
    gray = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    low = dct(dct(np.asarray(gray, np.float64), axis=0), axis=1)[:8, :8]
    return int("".join("1" if bit else "0" for bit in (low > np.median(low)).flatten()), 2)


def rgb(width, height):
    y, x = np.mgrid[0:height, 0:width]
    channels = [x * 7 + y * 3 + x * y // 50, x * 2 + y * 5, 3 * (x - 20) ** 2 // 16 + y]
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


for size in [(32, 32), (97, 61), (300, 200)]:
    print(size, hex(phash(rgb(*size))))
