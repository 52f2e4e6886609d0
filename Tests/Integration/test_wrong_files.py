"""Every wrong file of `wrong_files` gets the report that stands in it: all its faults, and nothing besides.

A file says what it is to be told in comments, `# expect: LINE:COLUMN: error: …`; the lines of it that the report shows, with
the caret below, and the exit code follow from these. What no comment can stand in is in this file.
"""

import json
import os
import re
import subprocess
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import certificates
from harness.daemon import BINARY

FOLDER = Path(__file__).parent / "wrong_files"
FILES = sorted(FOLDER.glob("*.yaml"))
EXPECTED = re.compile(r"^# expect: (\d+):(\d+): ((?:error|warning): .+)$", re.M)
SECRET = b"a secret of more than thirty-two bytes, for nobody"
MISSING = "1:1: error: the file can't be read: No such file or directory"


def text_of(path):
    """A file as a report shows it: what is no UTF-8 replaced, without a byte order mark, lines ending in `\\n`."""
    return path.read_bytes().decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")


def expected(path):
    """The report that a file says it gets."""
    text = text_of(path)
    return report(path.name, text.split("\n"), [(int(a), int(b), c) for a, b, c in EXPECTED.findall(text)])


def report(name, lines, faults):
    told = []
    for line, column, message in faults:
        told.append(f"{name}:{line}:{column}: {message}")
        shown = lines[line - 1] if line <= len(lines) else ""
        if not shown:
            continue
        # Columns are scalars; an accent has none of its own in a terminal.
        before = sum(1 for scalar in shown[: column - 1] if not unicodedata.combining(scalar))
        start = max(0, before - 60)
        told += ["  " + shown[start : start + 100], "  " + " " * (before - start) + "^"]
    return "".join(line + "\n" for line in told)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the files, beside the secrets and certificates that they name."""
    folder = tmp_path_factory.mktemp("wrong")
    for path in FILES:
        (folder / path.name).write_bytes(path.read_bytes())
    for name, content, mode in [
        ("jwt.secret", SECRET, 0o600), ("open.secret", SECRET, 0o644), ("short.secret", b"short", 0o600),
    ]:
        (folder / name).write_bytes(content)
        (folder / name).chmod(mode)
    for name in ("good", "other"):
        certificates.write(folder, name)
    certificates.write(folder, "ended", days=-1)
    (folder / "empty.yaml").write_bytes(b"")
    return folder


def run(folder, *arguments):
    # Its own environment: no variable that the files take for missing, and no service that they are checked in.
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    return subprocess.run(
        [BINARY, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def checked(folder):
    """What `sluice check` says of each file."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(FILES, pool.map(lambda path: run(folder, "check", "--offline", path.name), FILES)))


def as_told(text):
    """A report without the one thing in it that differs from run to run."""
    return re.sub(r"ended at \d{4}-\d\d-\d\dT[\d:.]+Z", "ended at TIME", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_gets_the_report_that_stands_in_it(path, checked):
    done = checked[path]
    report = expected(path)
    assert report, "the file expects nothing"
    assert as_told(done.stderr) == report
    is_fine = ": error: " not in report
    assert done.stdout == (f"{path.name}: no faults that keep it from working\n" if is_fine else "")
    assert done.returncode == (0 if is_fine else 1)


def test_there_are_enough_of_them():
    assert len(FILES) >= 60


@pytest.mark.parametrize(("name", "fault"), [("missing.yaml", MISSING), ("empty.yaml", "1:1: error: the file is empty")])
def test_a_file_that_holds_nothing_is_told_in_a_line(name, fault, folder):
    done = run(folder, "check", name)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{name}:{fault}\n")


def test_a_program_gets_the_same_faults(folder):
    path = FOLDER / "several_at_once.yaml"
    done = run(folder, "check", "--offline", "--format", "json", path.name)
    told = [f"{f['line']}:{f['column']}: {f['severity']}: {f['message']}" for f in json.loads(done.stdout)]
    assert done.returncode == 1 and done.stderr == ""
    assert told == ["{}:{}: {}".format(*fault) for fault in EXPECTED.findall(text_of(path))]


def test_a_daemon_does_not_start_on_one_and_says_the_same(folder):
    path = FOLDER / "several_at_once.yaml"
    done = run(folder, "serve", "--config", path.name)
    assert (done.returncode, done.stdout, done.stderr) == (78, "", expected(path))


@pytest.mark.one_node("reloads one daemon")
def test_a_reload_with_one_fails_and_says_the_same(daemon):
    path = FOLDER / "order_beside_other_faults.yaml"
    (daemon.folder / "jwt.secret").write_bytes(SECRET)
    (daemon.folder / "jwt.secret").chmod(0o600)
    daemon.write(path.read_text())
    done = daemon.command("reload")
    faults = [(int(a), int(b), c) for a, b, c in EXPECTED.findall(path.read_text())]
    count = sum(fault[2].startswith("error") for fault in faults)
    wrong = report(str(daemon.config), path.read_text().split("\n"), faults)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == wrong + f"sluice: the file has {count} faults\n"
    assert daemon.revision == 1 and daemon.pipeline()["lastReload"]["error"] == f"the file has {count} faults"
    assert daemon.is_ready()
