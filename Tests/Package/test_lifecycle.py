"""What the package does to a machine: from its installation over upgrades to the day it is purged."""

import re

import pytest
from harness.package import built
from harness.wait import until

PACKAGE = built()
CONFIG = "/etc/sluice/pipeline.yaml"
SECRET = "/etc/sluice/jwt.secret"
INSTALL = (
    "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--allow-downgrades",
    "--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold",
)


@pytest.fixture
def before(tmp_path):
    """A version from before, whose configuration was another."""
    return PACKAGE.variant(tmp_path, "0.0.9", {CONFIG: lambda text: text.replace("burst: 100", "burst: 99")})


def install(machine, package):
    machine.copy(package.path, f"/root/{package.path.name}")
    return machine.run(*INSTALL, f"/root/{package.path.name}")


def state(machine, unit, what="ActiveState"):
    return machine.run("systemctl", "show", "--value", f"--property={what}", unit).strip()


def is_enabled(machine, unit):
    return machine.run("systemctl", "is-enabled", unit, check=False).strip() == "enabled"


def send(machine, text, at="127.0.0.1:8080"):
    return machine.run("sluice", "send", "--config", CONFIG, "--at", at, "--as", "alice", "--to", "bob", text)


def messages(machine):
    """How many messages there are, by what the daemon counts in its store."""
    token = machine.run("sluice", "token", "--config", CONFIG, "bob").strip()
    request = f"GET /conversations/alice/messages HTTP/1.1\\r\\nHost: a\\r\\nAuthorization: Bearer {token}\\r\\nConnection: close\\r\\n\\r\\n"
    return machine.run("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/8080; printf '{request}' >&3; cat <&3")


def leftovers(machine):
    """What is named after it on the machine's disk, but for what apt and dpkg remember."""
    found = machine.run("find", "/", "-xdev", "-name", "*sluice*", "-not", "-path", "/root/*", "-not", "-path", "/var/cache/*")
    return found.split()


def test_once_installed_it_waits_for_the_operator_and_then_serves(machine):
    install(machine, PACKAGE)
    assert not is_enabled(machine, "sluice.service") and not is_enabled(machine, "sluice.socket")
    assert state(machine, "sluice.service") == state(machine, "sluice.socket") == "inactive"
    assert machine.run("stat", "--format=%U:%G %a", SECRET).strip() == "root:root 600"
    assert re.fullmatch("[0-9a-f]{64}", machine.run("cat", SECRET))
    machine.run("systemctl", "enable", "--now", "sluice")
    assert state(machine, "sluice.service") == state(machine, "sluice.socket") == "active"
    assert is_enabled(machine, "sluice.service") and is_enabled(machine, "sluice.socket")
    assert state(machine, "sluice.service", "User") == "sluice"
    send(machine, "hello")
    assert "hello" in messages(machine)
    machine.run("systemctl", "reload", "sluice")


def test_an_upgrade_keeps_what_was_changed_and_refuses_nobody(machine, before):
    install(machine, before)
    machine.run("systemctl", "enable", "--now", "sluice")
    send(machine, "from before")
    machine.run("sed", "-i", "s/rate: 50/rate: 51/", CONFIG)
    secret, process = machine.run("cat", SECRET), state(machine, "sluice.service", "MainPID")
    # Somebody connects all the while.
    machine.run(
        "systemd-run", "--unit=visitor", "bash", "-c",
        "until [ -e /run/enough ]; do (exec 3<>/dev/tcp/127.0.0.1/8080) && echo came || echo refused; done",
    )
    install(machine, PACKAGE)
    machine.run("touch", "/run/enough")
    until(lambda: state(machine, "visitor.service") == "inactive")
    visits = machine.run("journalctl", "--unit=visitor", "--output=cat").split()
    assert "came" in visits and "refused" not in visits
    assert state(machine, "sluice.service") == "active"
    assert state(machine, "sluice.service", "MainPID") != process
    assert machine.run("cat", SECRET) == secret
    text = machine.run("cat", CONFIG)
    assert "rate: 51/s" in text and "burst: 99" in text
    assert machine.run("cat", f"{CONFIG}.dpkg-dist") == PACKAGE.read(CONFIG).decode()
    assert "from before" in messages(machine)


def test_an_upgrade_changes_a_configuration_that_nobody_has_changed(machine, before):
    install(machine, before)
    install(machine, PACKAGE)
    assert machine.run("cat", CONFIG) == PACKAGE.read(CONFIG).decode()
    # What was not running is not started.
    assert state(machine, "sluice.service") == "inactive"


def test_an_upgrade_restarts_several_nodes_one_after_the_other(machine, before):
    install(machine, before)
    nodes = ["sluice@a.service", "sluice@b.service"]
    machine.run("systemctl", "enable", "--now", "sluice@a", "sluice@b")
    processes = [state(machine, node, "MainPID") for node in nodes]
    install(machine, PACKAGE)
    assert [state(machine, node) for node in nodes] == ["active", "active"]
    assert not set(processes) & {state(machine, node, "MainPID") for node in nodes}
    first = int(state(machine, nodes[0], "ActiveEnterTimestampMonotonic"))
    assert first <= int(state(machine, nodes[1], "InactiveEnterTimestampMonotonic"))


def test_what_was_removed_can_come_back_and_what_was_purged_is_gone(machine):
    machine.run("mkdir", "-p", "/var/lib/sluice-of-others")
    install(machine, PACKAGE)
    machine.run("systemctl", "enable", "--now", "sluice", "sluice@a")
    send(machine, "keep this")
    secret = machine.run("cat", SECRET)

    machine.run("apt-get", "remove", "--yes", "sluice")
    for unit in ("sluice.socket", "sluice.service", "sluice@a.socket", "sluice@a.service"):
        assert state(machine, unit) == "inactive", unit
    assert machine.run("systemctl", "list-units", "--failed", "--no-legend") == ""

    install(machine, PACKAGE)
    assert machine.run("cat", SECRET) == secret
    machine.run("systemctl", "start", "sluice")
    assert "keep this" in messages(machine)

    machine.run("apt-get", "purge", "--yes", "sluice")
    assert state(machine, "sluice.service") == "inactive"
    assert leftovers(machine) == ["/var/lib/sluice-of-others"]

    install(machine, PACKAGE)
    assert machine.run("cat", SECRET) != secret
