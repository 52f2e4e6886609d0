"""The record of a run: a file of JSON lines, in the order in which the one loop that drives all clients saw things."""

import json
import time


class Recorder:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.begun = time.monotonic()
        self.lines = 0

    def write(self, kind, **facts):
        self.lines += 1
        line = {"kind": kind, "at": round(time.monotonic() - self.begun, 4), **facts}
        self.file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self):
        self.file.close()


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
