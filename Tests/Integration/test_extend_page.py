"""docs/extend.md, from nothing to a daemon with a stage of one's own: its commands as they stand. The environment has the daemon
built for debugging, from what is compiled already: a reader waits for minutes there, which shows nothing more."""

import asyncio
import os
import re
import subprocess

import pytest
from harness import machine
from harness.client import connect
from harness.daemon import BINARY, ROOT
from harness.extending import environment
from harness.ports import free_port
from harness.service import Service

PAGE = ROOT / "docs/extend.md"
# Of Sluice a stage takes these modules and no others, and of what Sluice stands on only the log.
SDK = {"Pipeline", "Services", "PipelineTestKit", "MemoryState", "SQLiteStore", "Logging"}


def blocks(kind):
    """The commands on the page, block by block."""
    return re.findall(rf"^```{re.escape(kind)}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """What the page's commands have said, and the folder that they were typed in."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "bin").mkdir()
    (folder / "bin/sluice").symlink_to(BINARY)
    commands = "\n".join(blocks("sh"))
    variables = {
        **environment(folder / "build"),
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "SLUICE_LISTEN": f"127.0.0.1:{free_port()}",
        "SLUICE_ADMIN": f"127.0.0.1:{free_port()}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done, folder


def test_the_page_leads_to_a_daemon_with_a_stage_of_ones_own(page):
    assert len(blocks("sh")) == 6
    done, folder = page
    said = done.stdout + done.stderr
    assert "Test run with 2 tests in 1 suite passed" in said
    assert "no faults that keep it from working" in said
    assert re.search(r"^msg_\w+$", done.stdout, re.M), said
    assert "sluice: RUDE: mind your words\n" in done.stderr
    assert done.stdout.endswith("as it should be\n")
    built = folder / "Profanity/.build/debug"
    compiled = {path.relative_to(built).parts[0].removesuffix(".build") for path in built.glob("*.build/**/*.o")}
    assert {name for name in compiled if not name.startswith("Profanity")} == SDK


@pytest.mark.skipif(bool(machine.obstacle()), reason=f"no machine can be booted: {machine.obstacle()}")
def test_the_page_puts_it_into_the_place_of_the_service(page):
    with Service() as service:
        service.systemctl("enable", "--now", "sluice")
        service.write("/root/sluice-profanity", (page[1] / "sluice-profanity").read_bytes(), 0o755)
        (commands,) = blocks("sh systemd")
        done = service.run("bash", "-euo", "pipefail", "-c", f"cd /root\n{commands}")
        assert done.stdout == "active\n", done.stderr

        async def answers(*texts):
            made = await asyncio.to_thread(service.connect, service.port)
            async with connect(service, "alice", sock=made) as alice:
                return [(await alice.say("bob", text, os.urandom(8).hex()))["type"] for text in texts]

        assert asyncio.run(answers("oh darn", "hello")) == ["ERROR", "MESSAGE_SENT"]
        service.rewrite("[darn, heck]", "[drat]")
        service.systemctl("reload")
        assert asyncio.run(answers("oh darn", "oh drat")) == ["MESSAGE_SENT", "ERROR"]
