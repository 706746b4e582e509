"""Writes cars_plain.mat and cars_compressed.mat: a development kit of three cars, as scipy writes MATLAB 5 files.

Run from this folder: python cars_mat.py ../fixtures
"""

import sys

import numpy as np
import scipy
import scipy.io

assert (scipy.__version__, np.__version__) == ("1.17.1", "2.4.6"), (scipy.__version__, np.__version__)

FIELDS = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname"]
CARS = [
    (39, 116, 569, 375, 14, "00001.jpg"),
    (36, 116, 868, 587, 3, "00002.jpg"),
    (85, 109, 60100, 381, 196, "00003.jpg"),
]
annotations = np.zeros((1, len(CARS)), dtype=[(name, object) for name in FIELDS])
for i, car in enumerate(CARS):
    for name, value in zip(FIELDS, car):
        # The original file holds every number in the smallest type that fits.
        annotations[0, i][name] = value if isinstance(value, str) else np.array([[value]], np.min_scalar_type(value))

content = {"other": np.array([[1.5, -2.0]]), "annotations": annotations}
for name, compressed in [("plain", False), ("compressed", True)]:
    scipy.io.savemat(f"{sys.argv[1]}/cars_{name}.mat", content, do_compression=compressed)
