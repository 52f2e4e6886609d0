"""The units themselves, by systemd's own tools: no machine is booted."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness.daemon import ROOT

UNITS = ROOT / "systemd"
SERVICES = ("sluice.service", "sluice@.service")
# Where units look for others, and where this machine has them.
SYSTEM = Path("lib/systemd/system")


@pytest.fixture
def root(tmp_path):
    """The root of a machine with the units and a binary."""
    shutil.copytree("/" / SYSTEM, tmp_path / SYSTEM, symlinks=True)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/lib").mkdir()
    (tmp_path / "usr/lib/systemd").symlink_to("../../lib/systemd")
    shutil.copy("/bin/true", tmp_path / "usr/bin/sluice")
    for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.socket")):
        shutil.copy(unit, tmp_path / SYSTEM)
    return tmp_path


def verify(root, *units):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *units], capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def test_systemd_has_nothing_to_say_about_the_units(root):
    units = [unit.name for unit in UNITS.iterdir() if unit.suffix in (".service", ".socket")]
    assert sorted(units) == ["sluice.service", "sluice.socket", "sluice@.service", "sluice@.socket"]
    assert verify(root, *units) == ""
    # It would say so.
    with open(root / SYSTEM / "sluice.service", "a") as unit:
        unit.write("[Service]\nWatchdog=30\n")
    assert "'Watchdog'" in verify(root, "sluice.service")


@pytest.mark.parametrize("drop_in", [None, "network.conf"])
@pytest.mark.parametrize("service", SERVICES)
def test_the_exposure_is_at_most_1(tmp_path, service, drop_in):
    text = (UNITS / service).read_text() + ((UNITS / "drop-ins" / drop_in).read_text() if drop_in else "")
    (tmp_path / service).write_text(text)
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=10", tmp_path / service]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout).group(1)) <= 1.0
    assert done.returncode == 0, done.stdout


def settings(service, node):
    """What a service says, with another word for what is named after the node."""
    lines = (UNITS / service).read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    return [line.replace(node, "") for line in lines]


def test_a_node_of_several_differs_in_names_alone():
    one = settings("sluice.service", "")
    several = [line.replace(", node ", "") for line in settings("sluice@.service", "@%i")]
    several = [line.replace("-%i", "").replace("%i", "") for line in several]
    own = ["Environment=SLUICE_ADMIN=unix:%t/sluice/admin.sock", "EnvironmentFile=-/etc/sluice/environment."]
    assert [line for line in several if line not in own] == one
