"""A stage of one's own, in a daemon of one's own."""

import asyncio

from harness.client import connect
from harness.daemon import ROOT, TEMPLATE, Daemon

BINARY = str(ROOT / ".build/example/debug/sluice-with-word-filter")
ENTRY = "  - stage: word_filter\n    words: [darn]\n  - stage: persist\n"


def test_a_custom_stage_takes_its_place_in_the_chain(tmp_path):
    daemon = Daemon(tmp_path / "daemon", BINARY, TEMPLATE.replace("  - stage: persist\n", ENTRY))
    daemon.start()

    async def run():
        async with connect(daemon, "alice") as alice:
            refused = await alice.say("bob", "Darn it", "1")
            assert refused["data"]["code"] == "RUDE" and refused["data"]["stage"] == "word_filter"
            assert (await alice.say("bob", "hello", "2"))["type"] == "MESSAGE_SENT"

    try:
        asyncio.run(run())
        text = daemon.config.read_text().replace("words:", "wrods:")
        (daemon.folder / "wrong.yaml").write_text(text)
        result = daemon.command("check", "wrong.yaml")
        assert result.returncode == 1 and "unknown key 'wrods' in stage 'word_filter'" in result.stderr
    finally:
        daemon.kill()


def test_the_examples_own_file_has_no_faults(tmp_path):
    daemon = Daemon(tmp_path / "daemon", BINARY)
    secret = {"SLUICE_JWT_SECRET_FILE": str(daemon.folder / "secret")}
    result = daemon.command("check", str(ROOT / "Examples/WordFilter/pipeline.yaml"), env=secret)
    assert result.returncode == 0, result.stderr
