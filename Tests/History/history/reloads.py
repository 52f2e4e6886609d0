"""A node whose file is changed again and again: each change is put in force, or refused where the file is faulty."""

import itertools
import subprocess
import threading

PRESENCE = "  - stage: presence\n"
WRONG_MAX = 5


class Reloads:
    """Reloads one node until it is told to end; the file is then as it was."""

    def __init__(self, node):
        self.node, self.original = node, node.config.read_text()
        self.count, self.failed, self.wrong = 0, 0, []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def end(self):
        self.is_over.set()
        self.thread.join()
        return {"reloads": self.count, "failed": self.failed} | ({"wrong": self.wrong[:WRONG_MAX]} if self.wrong else {})

    def run(self):
        for name, text, is_right in itertools.cycle(variants(self.original)):
            if self.is_over.is_set():
                break
            self.reload(name, text, is_right)
        self.reload("as it was", self.original, True)

    def reload(self, name, text, is_right):
        self.count += 1
        try:
            self.node.write(text)
            done = self.node.command("reload")
        except (OSError, subprocess.SubprocessError) as error:
            self.wrong.append(f"{name}: {error}")
            return
        self.failed += done.returncode != 0
        if (done.returncode == 0) != is_right:
            self.wrong.append(f"{name}: {done.returncode} {done.stderr.strip()}")


def variants(text):
    """(name, file, whether it can be put in force), right ones and wrong ones by turns."""
    limit = stage(text, "rate_limit")
    dedup = stage(text, "dedup")
    return [
        ("another burst", text.replace("burst: 100000", "burst: 90000"), True),
        ("an unknown key", text.replace("    burst:", "    brust:"), False),
        ("another window", text.replace(dedup, dedup + "    window: 3m\n"), True),
        ("no persist", text.replace("- stage: persist\n", "- stage: persist\n    enabled: false\n"), False),
        ("another order", text.replace(limit + dedup, dedup + limit), True),
        ("an unknown stage", text.replace("- stage: fan_out", "- stage: fan_in"), False),
        ("no presence", text.replace(PRESENCE, PRESENCE + "    enabled: false\n"), True),
        ("half a file", text[: len(text) // 2], False),
        ("no dedup, and another name", text.replace(dedup, "").replace("- stage: rate_limit\n", "- stage: rate_limit\n    name: pace\n"), True),
        ("no file to speak of", "", False),
    ]


def stage(text, name):
    """The entry of a stage."""
    begin = text.index(f"  - stage: {name}\n")
    end = text.find("  - stage:", begin + 1)
    return text[begin:end]
