"""The daemon as a service of a machine: its units, its user, its file and its secret, as a package would put them there."""

import contextlib
import json
import re
from pathlib import Path

from . import tokens
from .daemon import ROOT
from .machine import Machine

UNITS = ROOT / "systemd"
FILE = "/etc/sluice/pipeline.yaml"


class Service(Machine):
    """A machine with the service; not started yet."""

    port = 8080
    unit = "sluice"

    def __init__(self, **more):
        super().__init__(**more)
        try:
            self.install()
        except BaseException:
            self.close()
            raise

    def install(self):
        for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.socket")):
            self.write(f"/lib/systemd/system/{unit.name}", unit.read_text())
        self.write("/usr/lib/sysusers.d/sluice.conf", (UNITS / "sluice.sysusers").read_text())
        self.run("systemd-sysusers", "sluice.conf")
        control = "control: ${RUNTIME_DIRECTORY:-/run/sluice}/control.sock\n"
        self.write(FILE, (ROOT / "pipeline.yaml").read_text().replace("pipeline:\n", f"{control}pipeline:\n", 1))
        self.write("/etc/sluice/jwt.secret", tokens.SECRET + b"\n", 0o600)
        self.run("systemctl", "daemon-reload")

    def add(self, name, text, unit=None):
        """Puts a drop-in in force for what is started next."""
        self.write(f"/etc/systemd/system/{unit or f'{self.unit}.service'}.d/{name}.conf", text)
        self.run("systemctl", "daemon-reload")

    def systemctl(self, verb, *more, check=True):
        return self.run("systemctl", verb, *(more or (self.unit,)), check=check)

    def rewrite(self, old, new):
        text = self.path(FILE).read_text()
        assert old in text, old
        self.write(FILE, text.replace(old, new))

    @property
    def pid(self):
        """The daemon's process, as this machine sees it."""
        inside = int(self.show(self.unit, "MainPID"))
        assert inside, self.journal("-u", self.unit)
        return self.outside(inside)

    def outside(self, inside):
        """The number of a process within, as seen from outside."""
        ours = Path(f"/proc/{self.first}/ns/pid").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                numbers = re.search(r"^NSpid:\s+(.*)$", (process / "status").read_text(), re.M).group(1).split()
                if numbers[-1] == str(inside) and (process / "ns/pid").readlink() == ours:
                    return int(numbers[0])
        raise LookupError(f"there is no process {inside}")

    @property
    def status(self):
        """What the daemon has told systemd."""
        return self.show(self.unit, "StatusText")

    def of(self, user):
        return self

    url = "ws://127.0.0.1:8080/ws"

    def pipeline(self):
        return json.loads(self.get("/pipeline"))

    def get(self, path, port=9090):
        """What the operator's listener answers."""
        with self.connect(port) as made:
            made.settimeout(10)
            made.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            text = b""
            while part := made.recv(65536):
                text += part
        return text.partition(b"\r\n\r\n")[2].decode()
