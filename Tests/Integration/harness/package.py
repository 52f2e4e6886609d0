"""A Debian package: what is in it, and others made of it."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

from .daemon import ROOT


def built():
    """The package that `make deb` has left."""
    found = os.environ.get("SLUICE_DEB") or next(iter(sorted((ROOT / ".build/deb").glob("sluice_*.deb"))), None)
    assert found, "there is no package in .build/deb: run make deb"
    return Package(found)


class Package:
    def __init__(self, path):
        self.path = Path(path).resolve()

    def field(self, name):
        return self.ask("dpkg-deb", "--field", self.path, name).decode().strip()

    def script(self, name):
        """A maintainer script, or what else is among the control files."""
        return self.ask("dpkg-deb", "--info", self.path, name).decode()

    @property
    def conffiles(self):
        return self.script("conffiles").split()

    @property
    def files(self):
        """What it installs: names from the root on, to members of the archive."""
        with self.archive() as archive:
            return {member.name.removeprefix("."): member for member in archive}

    def read(self, name):
        with self.archive() as archive:
            return archive.extractfile(f".{name}").read()

    def archive(self):
        return tarfile.open(fileobj=io.BytesIO(self.ask("dpkg-deb", "--fsys-tarfile", self.path)))

    def variant(self, folder, version, changes):
        """Another version of it, with other texts in some of its files: names, and what makes the new text of the old."""
        tree = folder / version
        subprocess.run(["dpkg-deb", "--raw-extract", self.path, tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(control.read_text().replace(f"Version: {self.field('Version')}\n", f"Version: {version}\n"))
        for name, change in changes.items():
            file = tree / name.lstrip("/")
            file.write_text(change(file.read_text()))
        # Packed loosely, to save time.
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, folder], check=True, capture_output=True
        )
        return Package(folder / f"sluice_{version}_{self.field('Architecture')}.deb")

    @staticmethod
    def ask(*command):
        return subprocess.run(command, check=True, capture_output=True).stdout
