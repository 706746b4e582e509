"""TensorBoard's own reading and writing of event files.

Run from the repository root:
    python tests/reference/train/events.py                 writes crates/mdfe-train/tests/fixtures/events.json
    python tests/reference/train/events.py RUN [RUN ...]   compares the event file of run folders with their metrics.jsonl

The fixture holds TFRecords as TensorBoard's RecordWriter writes them. The comparison reads a run folder with TensorBoard's
EventAccumulator: every report and every scalar must be there once, at its step, with its value as f32, at a time that does not
run backwards.
"""
import io
import json
import sys
from pathlib import Path

import numpy as np
import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

assert tensorboard.__version__.startswith("2."), tensorboard.__version__

TAGS = {"loss": "loss", "learning_rate": "lr", "samples_per_s": "samples_per_s", "epoch": "epoch"}


def record(event):
    out = io.BytesIO()
    RecordWriter(out).write(event.SerializeToString())
    return out.getvalue().hex()


def write():
    version = event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2")
    log = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    start = event_pb2.Event(wall_time=1700000000.25, session_log=log)
    cases = []
    for step, wall_time, scalars in [
        (0, 1700000000.5, [["loss", 9.75], ["learning_rate", 0.1]]),
        (1, 1.5, [["epoch", 0.0]]),
        (300, 1700000001.0, [["valid/mMP@5", 0.5413]]),
        (1 << 40, 1700000002.125, [["loss", -1e-30], ["samples_per_s", 123456.789], ["x" * 200, float("inf")]]),
    ]:
        values = [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
        event = event_pb2.Event(wall_time=wall_time, step=step, summary=summary_pb2.Summary(value=values))
        # JSON has no infinity.
        scalars = [[tag, "inf" if value == float("inf") else value] for tag, value in scalars]
        cases.append({"step": step, "wall_time": wall_time, "scalars": scalars, "record": record(event)})
    fixture = {"wall_time": 1700000000.25, "version": record(version), "start": record(start), "cases": cases}
    path = Path("crates/mdfe-train/tests/fixtures/events.json")
    path.write_text(json.dumps(fixture, indent=1) + "\n")
    print(path)


def check(run):
    accumulator = EventAccumulator(str(Path(run) / "tensorboard"), size_guidance={"scalars": 0})
    accumulator.Reload()
    wanted = {}
    for line in (Path(run) / "metrics.jsonl").read_text().splitlines():
        line = json.loads(line)
        if "name" in line:
            wanted.setdefault(line["name"], []).append((line["step"], line["value"]))
        else:
            for tag, key in TAGS.items():
                wanted.setdefault(tag, []).append((line["step"], line[key]))
    assert set(accumulator.Tags()["scalars"]) == set(wanted), (accumulator.Tags()["scalars"], sorted(wanted))
    for tag, values in wanted.items():
        events = accumulator.Scalars(tag)
        found = [(event.step, event.value) for event in events]
        assert found == [(step, float(np.float32(value))) for step, value in values], tag
        times = [event.wall_time for event in events]
        assert times == sorted(times), f"{tag}: the time runs backwards"
    print(f"{run}: {len(wanted['loss'])} steps, {len(wanted)} charts, as in metrics.jsonl")


if __name__ == "__main__":
    for run in sys.argv[1:]:
        check(run)
    if len(sys.argv) == 1:
        write()
