"""What the package does to a machine: from its installation over upgrades to the day it is purged."""

import asyncio
import re

import pytest
from harness import machine as machines
from harness.machine import Machine
from harness.package import built
from harness.traffic import Traffic

pytestmark = pytest.mark.skipif(bool(machines.obstacle()), reason=f"no machine can be booted: {machines.obstacle()}")

PACKAGE = built()
CONFIG = "/etc/sluice/pipeline.yaml"
SECRET = "/etc/sluice/jwt.secret"
# The machine has no network, and what is merely recommended comes by it.
APT = (
    "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--no-install-recommends",
    "--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold",
)


@pytest.fixture
def machine():
    with Machine(binary=None) as machine:
        yield machine


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A version from before, whose configuration was another."""
    folder = tmp_path_factory.mktemp("before")
    return PACKAGE.variant(folder, "0.0.9", {CONFIG: lambda text: text.replace("window: 10m", "window: 9m")})


def install(machine, package):
    machine.write(f"/root/{package.path.name}", package.path.read_bytes())
    return machine.run(*APT, "install", f"/root/{package.path.name}")


def states(machine, *units):
    return [machine.show(unit, "ActiveState") for unit in units]


def are_enabled(machine, *units):
    return {machine.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "enabled" for unit in units}


def text(machine, path):
    return machine.path(path).read_text()


def people(machine):
    return Traffic(lambda: machine.connect(8080), pairs=3, secret=text(machine, SECRET).encode())


def talk_while(machine, doing):
    """Has people write to each other before, while and after something is done; gives what they saw of it."""
    traffic = people(machine)
    asyncio.run(traffic.over(doing, times=1))
    traffic.check()
    return traffic


def stored(machine, user):
    async def sync():
        client = await people(machine).client(user)
        messages, _ = await client.sync()
        await client.socket.close()
        return {message["messageId"] for message in messages}

    return asyncio.run(sync())


def leftovers(machine):
    """What is named after it on the machine's disk, but for the packages that the test has put there."""
    return set(machine.run("find", "/", "-xdev", "-name", "*sluice*", "-not", "-path", "/root/*").stdout.split())


def test_once_installed_it_waits_for_the_operator_and_then_serves(machine):
    install(machine, PACKAGE)
    assert are_enabled(machine, "sluice.service", "sluice.socket") == {False}
    assert states(machine, "sluice.service", "sluice.socket") == ["inactive", "inactive"]
    assert machine.run("stat", "--format=%U:%G %a", SECRET).stdout.strip() == "root:root 600"
    assert re.fullmatch("[0-9a-f]{64}", text(machine, SECRET))
    machine.run("systemctl", "enable", "--now", "sluice")
    assert are_enabled(machine, "sluice.service", "sluice.socket") == {True}
    assert states(machine, "sluice.service", "sluice.socket") == ["active", "active"]
    # The tools find by the file what the service was given by its unit.
    machine.run("systemctl", "reload", "sluice")
    machine.run("sluice", "reload", "--config", CONFIG)
    sent = machine.run("sluice", "send", "--config", CONFIG, "--as", "alice", "--to", "bob", "hello", "--at", "127.0.0.1:8080")
    assert sent.stdout.startswith("msg_")
    assert machine.run("sluice", "check", CONFIG).stderr == ""


def test_an_upgrade_keeps_what_was_changed_refuses_nobody_and_loses_nothing(machine, before):
    install(machine, before)
    changed = text(machine, CONFIG).replace("rate: 50/s", "rate: 100000/s").replace("burst: 100", "burst: ${BURST}")
    machine.write(CONFIG, changed)
    machine.write("/etc/sluice/environment", "BURST=100000\n", 0o600)
    machine.run("systemctl", "enable", "--now", "sluice")
    secret, process = text(machine, SECRET), machine.show("sluice", "MainPID")
    listens_since = machine.show("sluice.socket", "ActiveEnterTimestampMonotonic")
    talk_while(machine, lambda: install(machine, PACKAGE))
    assert states(machine, "sluice.service", "sluice.socket") == ["active", "active"]
    assert machine.show("sluice", "MainPID") != process and machine.show("sluice", "NRestarts") == "0"
    assert machine.show("sluice.socket", "ActiveEnterTimestampMonotonic") == listens_since
    assert text(machine, SECRET) == secret
    assert text(machine, CONFIG) == changed
    assert text(machine, f"{CONFIG}.dpkg-dist") == PACKAGE.read(CONFIG).decode()


def test_an_upgrade_leaves_a_daemon_running_that_would_not_start_again(machine, before):
    install(machine, before)
    machine.run("systemctl", "enable", "--now", "sluice")
    process = machine.show("sluice", "MainPID")
    machine.write(CONFIG, text(machine, CONFIG).replace("burst:", "brust:"))
    done = install(machine, PACKAGE)
    said = done.stdout + done.stderr
    assert f"{CONFIG}:22:5: error: unknown key 'brust'" in said and "the version before goes on" in said
    assert machine.show("sluice", "MainPID") == process
    machine.write(CONFIG, text(machine, CONFIG).replace("brust:", "burst:"))
    machine.run("systemctl", "restart", "sluice")


def test_an_upgrade_replaces_a_configuration_that_nobody_has_changed(machine, before):
    install(machine, before)
    install(machine, PACKAGE)
    assert text(machine, CONFIG) == PACKAGE.read(CONFIG).decode()
    # What was not running is not started.
    assert states(machine, "sluice.service", "sluice.socket") == ["inactive", "inactive"]


def test_an_upgrade_restarts_several_nodes_one_after_the_other(machine, before):
    install(machine, before)
    nodes = ["sluice@a.service", "sluice@b.service"]
    machine.write("/etc/sluice/environment.b", "SLUICE_ADMIN=127.0.0.1:9091\n", 0o600)
    machine.run("systemctl", "enable", "--now", *nodes)
    processes = {machine.show(node, "MainPID") for node in nodes}
    install(machine, PACKAGE)
    assert states(machine, *nodes) == ["active", "active"]
    assert not processes & {machine.show(node, "MainPID") for node in nodes}
    first_was_ready = int(machine.show(nodes[0], "ActiveEnterTimestampMonotonic"))
    assert first_was_ready < int(machine.show(nodes[1], "InactiveEnterTimestampMonotonic"))


def test_what_was_removed_can_come_back_and_what_was_purged_is_gone(machine):
    clean = leftovers(machine)
    machine.run("mkdir", "/var/lib/sluice-of-others")
    install(machine, PACKAGE)
    machine.run("systemctl", "enable", "--now", "sluice", "sluice@a")
    sent = talk_while(machine, lambda: None).acknowledged[0]
    secret = text(machine, SECRET)

    machine.run(*APT, "remove", "sluice")
    units = ["sluice.socket", "sluice.service", "sluice@a.socket", "sluice@a.service"]
    assert states(machine, *units) == ["inactive"] * 4
    assert machine.run("systemctl", "list-units", "--failed", "--no-legend").stdout == ""
    assert machine.path(CONFIG).exists()

    install(machine, PACKAGE)
    assert text(machine, SECRET) == secret
    # It is enabled still, but nobody has started it.
    assert are_enabled(machine, "sluice.service", "sluice.socket") == {True}
    machine.run("systemctl", "start", "sluice")
    assert sent and sent <= stored(machine, "receiver-0")

    machine.write("/etc/sluice/environment", "SLUICE_STATE=memory:\n", 0o600)
    machine.run(*APT, "purge", "sluice")
    assert states(machine, *units) == ["inactive"] * 4
    assert leftovers(machine) - clean == {"/var/lib/sluice-of-others"}

    install(machine, PACKAGE)
    assert text(machine, SECRET) != secret


def test_a_machine_that_was_cloned_gets_a_secret_of_its_own(machine):
    install(machine, PACKAGE)
    machine.path(SECRET).unlink()
    machine.run("dpkg-reconfigure", "sluice")
    assert re.fullmatch("[0-9a-f]{64}", text(machine, SECRET))
