"""Data sets and embeddings as other programs write them, for the tests of mdfe's formats.

    python tests/reference/formats/generate.py

Needs pyarrow, datasets, webdataset, numpy and Pillow in the versions below; writes `tests/reference/formats/fixtures`. Images are 8 x 6
PNGs of one colour; `numbers.json` holds what each fixture must be read as.
"""

import io
import json
import shutil
from pathlib import Path

import datasets
import numpy
import pyarrow
import pyarrow.parquet
import webdataset
from PIL import Image, __version__ as pillow

assert pyarrow.__version__ == "26.0.1", pyarrow.__version__
assert datasets.__version__ == "5.2.0", datasets.__version__
assert webdataset.__version__ == "1.0.2", webdataset.__version__
assert numpy.__version__ == "2.4.6", numpy.__version__
print("Pillow", pillow)

HERE = Path(__file__).parent / "fixtures"
shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir()

NAMES = ["jug", "mug", "pot"]


def png(seed):
    image = Image.new("RGB", (8, 6), (seed * 40 % 256, seed * 90 % 256, seed * 140 % 256))
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


# WebDataset: two shards; classes in .cls of the first, in .json of the second; a name over 100 bytes, which needs pax or GNU records.
for shard in range(2):
    with webdataset.TarWriter(str(HERE / f"shards-{shard:03}.tar"), mtime=0, user="", group="") as out:
        for i in range(3):
            key = f"{'long/' * 30 if i == 2 else ''}{shard * 3 + i:06}"
            sample = {"__key__": key, "png": png(shard * 3 + i)}
            if shard == 0:
                sample["cls"] = i
            else:
                sample["json"] = {"label": NAMES[i], "domain": "kitchen", "caption": {"en": "…"}}
            out.write(sample)

# Hugging Face: images with bytes and path, classes with names in the schema, row groups of 2 rows.
features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
rows = {
    "image": [{"bytes": png(i), "path": f"photos/{i}.png"} for i in range(5)],
    "label": [0, 1, 2, 1, 0],
}
data = datasets.Dataset.from_dict(rows, features=features)
data.to_parquet(str(HERE / "hugging_face.parquet"), batch_size=2)

# Columns of bytes, several classes, zstd; row 1 has no image.
table = pyarrow.table(
    {
        "bytes": pyarrow.array([png(0), None, png(2)], pyarrow.binary()),
        "labels": pyarrow.array([["a", "b"], ["a"], []], pyarrow.list_(pyarrow.string())),
        "domain": pyarrow.array(["x", "y", None]).dictionary_encode(),
    }
)
pyarrow.parquet.write_table(table, HERE / "bytes.parquet", compression="zstd")

# Names of files alone: in a column `path`, and in a struct without bytes.
table = pyarrow.table({"path": ["a.png", "sub/b.png"], "label": [7, None]})
pyarrow.parquet.write_table(table, HERE / "paths.parquet")
kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
table = pyarrow.table({"image": pyarrow.array([{"bytes": None, "path": "a.png"}], kind)})
pyarrow.parquet.write_table(table, HERE / "names.parquet")

# Embeddings of somebody else: lists whose type does not say their length, and numpy arrays.
values = numpy.arange(12, dtype="float32").reshape(4, 3) / 8
table = pyarrow.table(
    {
        "path": [f"{i}.jpg" for i in range(4)],
        "label": ["b", "a", "b", "c"],
        "embedding": pyarrow.array(values.tolist(), pyarrow.list_(pyarrow.float64())),
    }
)
pyarrow.parquet.write_table(table, HERE / "embeddings.parquet")
for name, array in [
    ("f2", values.astype("float16")),
    ("f4", values),
    ("f8", values.astype("float64")),
    ("fortran", numpy.asfortranarray(values)),
    ("flat", values.ravel()),
    ("int", values.astype("int32")),
]:
    numpy.save(HERE / f"{name}.npy", array)

(HERE / "numbers.json").write_text(json.dumps({"values": values.ravel().tolist()}) + "\n")
for path in sorted(HERE.iterdir()):
    print(path.name, path.stat().st_size)
