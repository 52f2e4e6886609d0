"""`sluice tap` in a process of its own, and the lines that it has printed."""

import json
import subprocess
import threading

from .wait import until


class Tap:
    """By default as JSON; it is there, and sees events, when the constructor has returned."""

    def __init__(self, daemon, *options, json=True):
        self.is_json = json
        self.process = subprocess.Popen(
            [daemon.binary, "tap", *(["--json"] if json else []), *options], cwd=daemon.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.text = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if json:
            until(lambda: self.text or not self.reader.is_alive(), "the first line of a tap")
            assert self.text, self.process.stderr.read()

    def read(self):
        for line in self.process.stdout:
            self.text.append(line)

    @property
    def lines(self):
        """What was seen of events, without the pulses."""
        return [line for line in map(json.loads, list(self.text)) if "verdict" in line]

    @property
    def dropped(self):
        return sum(line.get("dropped", 0) for line in map(json.loads, list(self.text)))

    def until_ended(self, **facts):
        """Waits for the end of an event of which this is so; gives all lines until then."""
        wanted = {"verdict": "end", **facts}.items()
        until(lambda: any(wanted <= {k: v for k, v in line.items() if k != "data"}.items() for line in self.lines))
        return self.lines

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
