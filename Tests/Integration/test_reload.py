"""A reload as its operator sees it: what it says, what it changes, and what it leaves as it was."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import tokens
from harness.client import connect
from harness.control import ask
from harness.ports import free_port
from harness.wait import comes, until

pytestmark = pytest.mark.one_node("reloads one daemon")

MISTYPED = ("    rate: ", "    rtae: ")
FAULT = "pipeline.yaml:{line}:5: error: unknown key 'rtae' in stage 'rate_limit'; did you mean 'rate'?"


def line_of(daemon, text):
    """The number of the first line of the file that holds a text."""
    lines = daemon.config.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def logged(daemon):
    """The lines of the log as they came."""
    return [json.loads(line) for line in daemon.log.splitlines() if line.startswith("{")]


def reloads(daemon, result):
    return daemon.metric(f'sluice_reloads_total{{result="{result}"}}')


def test_a_reload_says_which_revision_is_in_force_and_what_has_changed(daemon):
    assert daemon.pipeline()["lastReload"] is None and daemon.revision == 1
    done = daemon.command("reload")
    assert (done.returncode, done.stdout, done.stderr) == (0, "revision 2 is in force\n", "")
    daemon.rewrite(("burst: 100000", "burst: 99"), ("drain: 4s", "drain: 3s"))
    done = daemon.command("reload", "--config", str(daemon.config))
    assert done.returncode == 0 and done.stderr == ""
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["revision", "3", "is", "in", "force"],
        ["hot", "server.drain", "4s", "->", "3s"],
        ["rebuild", "pipeline.rate_limit.burst", "100000", "->", "99"],
    ]
    last = daemon.pipeline()["lastReload"]
    assert (last["result"], last["revision"]) == ("ok", 3) and "error" not in last and last["at"].endswith("Z")
    # Anybody may read this, so what stands in the file is left out.
    assert last["changes"] == [
        {"path": "server.drain", "effect": "hot"}, {"path": "pipeline.rate_limit.burst", "effect": "rebuild"},
    ]
    assert (reloads(daemon, "ok"), reloads(daemon, "failed")) == (2, 0)
    assert daemon.metric("sluice_pipeline_revision") == daemon.revision == 3
    assert daemon.metric("sluice_reload_last_succeeded") == 1
    lines = [line for line in logged(daemon) if line["message"] == "reloaded"]
    assert [line["revision"] for line in lines] == ["2", "3"]
    assert lines[1]["changed"] == "server.drain, pipeline.rate_limit.burst"


def test_a_signal_reloads(daemon):
    daemon.rewrite(("burst: 100000", "burst: 99"))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.revision == 2)
    assert until(lambda: daemon.pipeline()["lastReload"])["changes"][0]["path"] == "pipeline.rate_limit.burst"
    assert '"message":"reloaded"' in daemon.log
    daemon.rewrite(MISTYPED)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: reloads(daemon, "failed") == 1)
    assert daemon.revision == 2 and daemon.pipeline()["lastReload"]["error"] == "the file has a fault"


def test_who_does_not_wait_gets_no_verdict(daemon):
    done = daemon.command("reload", "--no-wait")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: daemon.revision == 2)


def test_a_wrong_file_changes_nothing_and_its_faults_are_told_with_their_places(daemon):
    right = daemon.config.read_text()
    daemon.rewrite(MISTYPED, ("offline_after: 1s", "offline_after: soon"))
    first = f"{daemon.folder}/{FAULT.format(line=line_of(daemon, 'rtae'))}"
    second = f"{daemon.config}:{line_of(daemon, 'soon')}:20: error: 'offline_after' wants a duration"

    async def run():
        async with connect(daemon, "alice") as alice:
            failed = await asyncio.to_thread(daemon.command, "reload")
            assert (await alice.say("bob", "hi", "1"))["type"] == "MESSAGE_SENT"
            daemon.write(right)
            fine = await asyncio.to_thread(daemon.command, "reload")
            assert (await alice.say("bob", "hi", "2"))["type"] == "MESSAGE_SENT"
            return failed, fine

    failed, fine = asyncio.run(run())
    assert failed.returncode == 1 and failed.stdout == ""
    report = failed.stderr.splitlines()
    assert report[0] == first and report[1:3] == ["      rtae: 100000/s", "      ^"] and report[3].startswith(second)
    assert report[-1] == "sluice: the file has 2 faults"
    assert fine.returncode == 0 and fine.stdout == "revision 2 is in force\n"
    messages = [line["message"] for line in logged(daemon) if line["level"] == "error"]
    assert messages[0] == first and messages[1].startswith(second)
    assert messages[2:] == ["reload failed; the old chain stays"]
    assert (reloads(daemon, "ok"), reloads(daemon, "failed")) == (1, 1)


def test_a_failed_reload_is_seen_from_outside_until_one_succeeds(daemon):
    right = daemon.config.read_text()
    daemon.rewrite(MISTYPED)
    assert daemon.command("reload").returncode == 1
    last = daemon.pipeline()["lastReload"]
    assert (last["result"], last["revision"], last["error"]) == ("failed", 1, "the file has a fault")
    told = last["diagnostics"]
    assert told.endswith(FAULT.format(line=line_of(daemon, "rtae")) + "\n") and told.count("\n") == 1
    assert daemon.metric("sluice_reload_last_succeeded") == 0
    daemon.write(right)
    assert daemon.command("reload").returncode == 0
    assert daemon.metric("sluice_reload_last_succeeded") == 1
    assert daemon.pipeline()["lastReload"]["result"] == "ok"


def test_a_missing_file_and_an_empty_one_change_nothing(daemon):
    right = daemon.config.read_text()
    daemon.config.unlink()
    # Without its file the tool knows no control socket but the usual one.
    missing = daemon.command("reload")
    assert missing.returncode == 1 and f"{daemon.config}:1:1: error: the file" in missing.stderr
    assert daemon.is_ready() and daemon.revision == 1
    daemon.write("")
    empty = daemon.command("reload")
    assert empty.returncode == 1 and f"{daemon.config}:1:1: error: " in empty.stderr
    daemon.write(right)
    assert daemon.command("reload").returncode == 0 and daemon.revision == 2


def test_a_plan_shows_what_would_change_and_changes_nothing(daemon):
    nothing = daemon.command("plan")
    assert nothing.returncode == 0 and nothing.stdout.startswith("nothing would change")
    daemon.rewrite(
        ("burst: 100000", "burst: 99"), ("  - stage: dedup\n    enabled: true\n", ""),
        ("offline_after: 1s", "offline_after: 1s\n    on_error: reject"), ("drain: 4s", "drain: 4s\n  lease: 20s"),
    )
    plan = daemon.command("plan")
    assert plan.returncode == 0 and plan.stderr == ""
    assert sorted(line.split(maxsplit=2) for line in plan.stdout.splitlines()) == [
        ["hot", "pipeline.dedup", "ended"],
        ["hot", "pipeline.presence.on_error", "(default) -> reject"],
        ["rebuild", "pipeline.rate_limit.burst", "100000 -> 99"],
        ["restart", "server.lease", "(default) -> 20s"],
    ]
    assert daemon.revision == 1 and daemon.pipeline()["lastReload"] is None
    daemon.rewrite(MISTYPED)
    wrong = daemon.command("plan")
    assert wrong.returncode == 1 and FAULT.format(line=line_of(daemon, "rtae")) in wrong.stderr
    assert daemon.stage("dedup")["enabled"]


def test_a_plan_shows_no_secrets(daemon):
    daemon.rewrite(
        (f'store: "', 'store: "postgres://sluice:hunter2@127.0.0.1/x" # '),
        (f'state: "', 'state: "redis://:hunter2@127.0.0.1/0" # '),
    )
    said = [daemon.command(command) for command in ("plan", "reload")]
    assert all(done.returncode == 0 and "store" in done.stdout and "state" in done.stdout for done in said)
    told = "".join(done.stdout + done.stderr for done in said) + daemon.get("/pipeline", port=daemon.admin).text + daemon.log
    assert "hunter2" not in told and tokens.SECRET.decode() not in told


@pytest.mark.embedded("tells of the store and the state that it has not")
def test_what_needs_a_restart_is_named_until_it_is_taken_back_and_the_rest_is_applied(start):
    daemon = start(top="search: false")
    before = daemon.config.read_text()
    daemon.reload(
        (f"listen: 127.0.0.1:{daemon.port}", f"listen: 127.0.0.1:{free_port()}"),
        (f"admin: 127.0.0.1:{daemon.admin}", f"admin: 127.0.0.1:{free_port()}"),
        ('store: "sqlite:', 'store: "sqlite:/elsewhere'), ('state: "memory:"', 'state: "redis://127.0.0.1:1/0"'),
        ("search: false", "search: true\nretention: { dead_letters: 2d }"), ("burst: 100000", "burst: 99"),
    )
    assert daemon.stage("rate_limit")["enabled"] and '"changed":"pipeline.rate_limit.burst"' in daemon.log
    # The tools are to go where the daemon listens still.
    daemon.rewrite(("version: 1\n", "version: 1\ncontrol: other.sock\n"))
    done = daemon.command("reload", "--control", "var/control.sock")
    assert done.returncode == 0
    names = {"server.listen", "server.admin", "store", "state", "search", "retention.dead_letters", "control"}
    changes = daemon.pipeline()["lastReload"]["changes"]
    assert {change["path"] for change in changes if change["effect"] == "restart"} == names
    assert daemon.metric("sluice_reload_needing_restart") == len(names)
    warned = [line for line in logged(daemon) if line["message"] == "a change needs a restart"]
    assert {line["key"] for line in warned} == names and all(line["level"] == "warning" for line in warned)
    assert daemon.get("/users/me", token=tokens.token("ada")).status == 200
    assert "server.listen" in daemon.command("top", "--once", "--control", "var/control.sock").stdout
    daemon.write(before)
    done = daemon.command("reload")
    assert done.returncode == 0 and "restart" not in done.stdout
    assert daemon.metric("sluice_reload_needing_restart") == 0


def test_many_who_reload_at_once_all_get_a_verdict_and_share_revisions(daemon):
    daemon.rewrite(("burst: 100000", "burst: 99"))
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ask(daemon, "POST", "/reload"), range(20)))
    assert all(status == 200 and body["result"] == "ok" for status, body in answers)
    assert daemon.revision == max(body["revision"] for _, body in answers) < 15
    assert reloads(daemon, "ok") == daemon.revision - 1
    with ThreadPoolExecutor(5) as threads:
        for done in threads.map(lambda _: daemon.command("reload"), range(5)):
            assert done.returncode == 0 and done.stdout.startswith("revision ") and done.stderr == ""


def test_the_control_socket_is_its_users_alone(daemon):
    path = daemon.folder / "var/control.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ask(daemon, "GET", "/nothing")[0] == 404
    assert ask(daemon, "GET", "/reload")[0] == 404
    assert daemon.revision == 1


REQUEST = """
import os, socket, sys
here = os.open(sys.argv[1], os.O_PATH)
if sys.argv[2] == "other":
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.settimeout(10)
client.connect(f"/proc/self/fd/{here}")
received = b""
try:
    client.sendall(b"POST /reload HTTP/1.1\\r\\nHost: control\\r\\nConnection: close\\r\\n\\r\\n")
    while part := client.recv(4096):
        received += part
except ConnectionError:
    pass
print(len(received), b'"result":"ok"' in received)
"""


def test_another_user_is_refused_by_who_they_are(daemon):
    socket = daemon.folder / "var/control.sock"
    # What the file's mode would keep away is let through, so that only the kernel's word on the peer is left.
    socket.chmod(0o666)

    def reload_as(who):
        # Only root can become somebody else.
        root = ["sudo", "-n"] if who == "other" and os.geteuid() != 0 else []
        command = [*root, sys.executable, "-c", REQUEST, socket, who]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    refused = reload_as("other")
    assert refused.returncode == 0, refused.stderr
    assert refused.stdout == "0 False\n" and daemon.revision == 1
    assert reload_as("same").stdout.endswith(" True\n") and daemon.revision == 2


def test_nobody_is_let_near_a_reload_by_the_admin_listener(daemon):
    for path in ("/reload", "/tap", "/status", "/plan", "/dead-letters"):
        assert daemon.get(path, port=daemon.admin).status == 404
        assert daemon.request("POST", path, port=daemon.admin).status == 405
    assert daemon.revision == 1


def test_where_no_daemon_answers_the_tools_say_so_in_a_line(daemon):
    daemon.kill()
    for command in (["reload"], ["plan"], ["tap"], ["top", "--once"], ["dead-letters", "list"]):
        done = daemon.command(*command)
        assert done.returncode == 1 and done.stdout == "", command
        assert done.stderr.startswith("sluice: no daemon answers at 'var/control.sock'") and done.stderr.count("\n") == 1


def test_a_daemon_that_drains_reloads_no_more_and_ends_all_the_same(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            daemon.process.send_signal(signal.SIGTERM)
            await comes(lambda: '"message":"draining"' in daemon.log)
            daemon.process.send_signal(signal.SIGHUP)
            return await asyncio.to_thread(daemon.command, "reload")

    done = asyncio.run(run())
    assert done.returncode == 1 and ("the daemon is ending" in done.stderr or "no daemon answers" in done.stderr)
    assert daemon.process.wait(timeout=20) == 0
    assert "reloaded" not in daemon.log
