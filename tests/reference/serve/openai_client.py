"""Asks `mdfe serve` as OpenAI's own client does, and compares with what `mdfe embed` wrote.

    pip install openai==3.57.0 safetensors numpy
    cargo build --release -p mdfe-cli --features full
    python tests/reference/serve/openai_client.py target/release/mdfe

The embeddings must be the same bits, as lists and as base64 (what the client asks for by itself), one at a time and several at once;
a model without a text tower must refuse a sentence, and every model a URL, with the errors that the client knows.
"""

import base64
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import openai
from safetensors.numpy import load_file

assert openai.__version__ == "3.57.0", openai.__version__

ROOT = pathlib.Path(__file__).parents[3]
BACKBONE = ["--backbone", "tf_efficientnet_lite0", "--weights", str(ROOT / "data/demo/tf_efficientnet_lite0.safetensors")]
IMAGES = sorted((ROOT / "data/demo/images/noto").rglob("*.png"))[:12]


def main(mdfe: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = f"{folder}/embeddings.safetensors"
        command = [mdfe, "embed", *BACKBONE, "--input", *map(str, IMAGES), "--output", output]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        expected = load_file(output)["embeddings"]
    serve = [mdfe, "--quiet", "serve", *BACKBONE, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as service:
        try:
            url = service.stdout.readline().strip().rsplit(" on ", 1)[1]
            compare(openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0), expected)
        finally:
            service.terminate()


def compare(client: openai.OpenAI, expected: np.ndarray) -> None:
    model = client.models.list().data[0].id
    uris = ["data:image/png;base64," + base64.b64encode(path.read_bytes()).decode() for path in IMAGES]
    for options in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
        answer = client.embeddings.create(model=model, input=uris, **options)
        for row, item in zip(expected, answer.data, strict=True):
            values = item.embedding
            values = np.frombuffer(base64.b64decode(values), "<f4") if isinstance(values, str) else np.array(values, np.float32)
            assert values.tobytes() == row.tobytes(), options
    one = client.embeddings.create(model=model, input=uris[3], dimensions=expected.shape[1])
    assert np.array(one.data[0].embedding, np.float32).tobytes() == expected[3].tobytes()
    for wrong, kind, code in [
        ({"input": "a red mug"}, openai.BadRequestError, "no_text"),
        ({"input": "https://example.org/a.png"}, openai.BadRequestError, "no_url"),
        ({"input": uris[0], "dimensions": 7}, openai.BadRequestError, None),
        ({"input": uris[0], "model": "gpt"}, openai.NotFoundError, "model_not_found"),
    ]:
        try:
            client.embeddings.create(**{"model": model, **wrong})
        except kind as error:
            assert error.code == code, error
        else:
            raise AssertionError(wrong)
    print(f"{len(expected)} embeddings of {expected.shape[1]} dimensions are the same bits; every refusal is the client's own error")


main(*sys.argv[1:])
