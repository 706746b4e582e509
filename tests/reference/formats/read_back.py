"""What mdfe wrote, read by pyarrow and numpy.

    python tests/reference/formats/read_back.py X.parquet X.npy

Both must hold the same embeddings, paths and classes. Prints what it found.
"""

import json
import sys

import numpy
import pyarrow.parquet

table, array = sys.argv[1:]
read = pyarrow.parquet.read_table(table)
print(read.schema.remove_metadata())
footer = pyarrow.parquet.read_metadata(table).metadata
print("metadata:", sorted(key.decode() for key in footer))
column = read["embedding"].combine_chunks()
values = column.flatten().to_numpy().reshape(len(column), column.type.list_size)
other = numpy.load(array)
assert other.dtype == "<f4" and numpy.array_equal(values, other), "the embeddings differ"
lines = [json.loads(line) for line in open(array + ".jsonl")]
for key in ["path", "label", "domain"]:
    assert [line[key] for line in lines] == read[key].to_pylist(), key
print(other.shape, "rows agree")
