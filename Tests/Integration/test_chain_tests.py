"""Tests of chains, run by the built binary with no daemon and no server."""

import os
import subprocess

import pytest
from harness.daemon import BINARY, ROOT
from harness.extending import BY_HAND

EXAMPLE = BY_HAND

PIPELINE = """version: 1
store: postgres://nobody@192.0.2.1/none
state: redis://192.0.2.1
pipeline:
  - stage: auth
    secret_file: secret
  - stage: rate_limit
    burst: 2
  - stage: persist
  - stage: fan_out
"""

PASSING = """config: pipeline.yaml
tests:
  - name: a message is stored
    steps:
      - from: alice
        type: NEW_MESSAGE
        data: { tempId: m1, receiverId: bob, content: hi }
        expect: { verdict: continue, answer: { type: MESSAGE_SENT } }
  - name: two at once
    steps:
      - { from: alice, type: PING, repeat: 2, expect: { verdict: continue } }
      - { from: alice, type: PING, expect: { verdict: reject, code: RATE_LIMITED } }
"""

FAILURE = """FAILED  chain.test.yaml: two at once
chain.test.yaml:11:66: error: expected verdict 'stop', found 'continue'
   - { from: alice, type: PING, repeat: 2, expect: { verdict: stop } }
                                                              ^
  PING of 'alice', 1 of 2, at 2026-01-01T12:00:00.000Z:
    auth            continue
    rate_limit      continue
    pong            continue
    =               PONG """


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "chain.test.yaml").write_text(PASSING)
    (tmp_path / "temporary").mkdir()
    return tmp_path


def run(folder, *arguments, binary=BINARY):
    # Without a network; and what it makes on the way, it takes away.
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(folder / "temporary")}
    before = sorted(path.name for path in folder.iterdir())
    result = subprocess.run(
        ["unshare", "--net", "--map-root-user", binary, "test", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
    )
    assert sorted(path.name for path in folder.iterdir()) == before
    assert list((folder / "temporary").iterdir()) == []
    return result


def test_tests_that_pass_are_told_line_by_line(folder):
    result = run(folder, "chain.test.yaml")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "ok      chain.test.yaml: a message is stored\nok      chain.test.yaml: two at once\n2 passed\n"
    )
    assert run(folder, "chain.test.yaml", "--only", "stored").stdout.endswith("stored\n1 passed\n")


def test_a_failure_is_told_with_its_place_and_the_way_of_the_event(folder):
    (folder / "chain.test.yaml").write_text(PASSING.replace("verdict: continue } }\n      -", "verdict: stop } }\n      -"))
    result = run(folder, "chain.test.yaml")
    assert (result.returncode, result.stderr) == (1, "")
    assert FAILURE in result.stdout
    assert result.stdout.endswith("\n1 passed, 1 failed\n")


def test_a_file_with_faults_keeps_no_other_from_its_tests(folder):
    (folder / "wrong.test.yaml").write_text(PASSING.replace("expect:", "expcet:", 1))
    result = run(folder, "wrong.test.yaml", "chain.test.yaml", "missing.test.yaml")
    assert result.returncode == 1
    assert result.stderr.startswith(
        "wrong.test.yaml:8:9: error: unknown key 'expcet' in an item of 'steps'; did you mean 'expect'?\n"
        "          expcet: { verdict: continue, answer: { type: MESSAGE_SENT } }\n"
        "          ^\n"
        "missing.test.yaml:1:1: error: the file can't be read: No such file or directory\n"
    )
    assert result.stdout.endswith("2 passed, 2 files have faults\n")


def test_colours_are_for_terminals_alone(folder):
    def printed(**more):
        ours, theirs = os.openpty()
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **more}
        subprocess.run(
            [BINARY, "test", "chain.test.yaml"], cwd=folder, env=environment, stdout=theirs, check=True, timeout=60
        )
        os.close(theirs)
        text = os.read(ours, 4096).decode()
        os.close(ours)
        return text

    assert printed().startswith("\x1b[32mok    \x1b[0m  chain.test.yaml: a message is stored\r\n")
    assert printed(NO_COLOR="1").startswith("ok      chain.test.yaml: a message is stored\r\n")
    assert printed(TERM="dumb").startswith("ok      ")


def test_wrong_usage_is_told_apart(folder):
    assert run(folder).returncode == 2
    assert run(folder, "chain.test.yaml", "--no-such-option").returncode == 2
    nothing = run(folder, "chain.test.yaml", "--only", "no such test")
    assert nothing.returncode == 2 and "no test's name holds 'no such test'" in nothing.stderr


def test_the_repositorys_own_chain_does_what_its_tests_say(folder):
    result = run(folder, str(ROOT / "pipeline.test.yaml"))
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_stage_of_ones_own_takes_part(folder):
    path = ROOT / "Examples/WordFilter/pipeline.test.yaml"
    result = run(folder, str(path), binary=EXAMPLE)
    assert result.returncode == 0, result.stdout + result.stderr
    # The daemon without the stage says what it does not know.
    assert "unknown stage 'word_filter'" in run(folder, str(path)).stderr
