"""Daemons with stages of one's own, as `sluice build` makes them."""

import os
import subprocess

from .daemon import BINARY, ROOT

# What is compiled of Sluice serves the examples and the daemons that are built here too.
SCRATCH = ROOT / ".build"
# The daemon whose `main` an example has written by hand.
BY_HAND = str(SCRATCH / "debug/sluice-with-word-filter")

# Of the address nothing is fetched: the folder that a daemon is built from takes its place.
MANIFEST = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "{name}",
  products: [.library(name: "{name}", targets: ["{name}"])],
  dependencies: [.package(url: "https://sluice.example/{identity}", from: "1.0.0")],
  targets: [
    .target(name: "{name}", dependencies: [.product(name: "Pipeline", package: "{identity}")])
  ]
)
"""


def environment(folder):
    """Has `sluice build` write nothing into anybody's home, and use what is compiled already."""
    return {
        **os.environ,
        "SLUICE_BUILD_FOLDER": str(folder),
        "SLUICE_SCRATCH_PATH": str(SCRATCH),
        "SLUICE_BUILD_CONFIGURATION": "debug",
    }


def build(output, *packages):
    """Builds a daemon that has packages of stages; gives its path."""
    options = [part for package in packages for part in ("--with", package)]
    done = subprocess.run(
        [BINARY, "build", *options, "-o", output, "--sluice", ROOT],
        env=environment(output.parent / "build"), capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(output)


def repository(folder, files, version):
    """Puts a version of a package of stages into a repository, which is made where it is missing; gives its address."""
    git = ["git", "-C", str(folder), "-c", "user.name=test", "-c", "user.email=test@example.org"]
    manifest = MANIFEST.format(name=folder.name, identity=ROOT.name)
    for path, text in {"Package.swift": manifest, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", version], check=True)
    subprocess.run([*git, "tag", version], check=True)
    return f"file://{folder}"
