"""What `sluice stage new` and `sluice build` say of mistakes, and write. test_extend_page.py shows them at
work."""

import subprocess

import pytest
from harness.daemon import BINARY, ROOT
from harness.extending import environment, repository


def sluice(folder, *arguments, **more):
    return subprocess.run(
        [BINARY, *arguments], cwd=folder, env={**environment(folder / "build"), **more}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("stage", "new", "profanity"), "'profanity' is no name for a type: write it like WordFilter"),
        (("stage", "new", "Event"), "'Event' is the name of something else in Sluice or Swift; choose another"),
        (("stage", "new", "There"), "'There' is there already"),
        (("build", "--with", "There"), "'There' is no Swift package: it has no Package.swift"),
        (("build", "--with", "nowhere"), "there is no folder 'nowhere'"),
        (("build", "--sluice", "There"), "'There' is no Swift package: it has no Package.swift"),
    ],
)
def test_a_mistake_gets_one_line(tmp_path, arguments, said):
    (tmp_path / "There").mkdir()
    done = sluice(tmp_path, *arguments)
    assert (done.returncode, done.stderr, done.stdout) == (1, f"sluice: {said}\n", "")
    assert [path.name for path in tmp_path.iterdir() if path.name != "build"] == ["There"]


def test_without_a_toolchain_it_says_what_is_missing(tmp_path):
    done = sluice(tmp_path, "build", "--with", str(ROOT / "Examples/WordFilter"), PATH="/nowhere")
    assert done.returncode == 1 and done.stderr.startswith("sluice: 'swift' can't be run: No such file or directory;")


def test_a_package_that_exposes_no_stages_is_told_what_to(tmp_path):
    repository(tmp_path / "Plain", {"Sources/Plain/Plain.swift": "public let version = 1\n"}, "1.0.0")
    done = sluice(tmp_path, "build", "--with", "Plain", "-o", "daemon")
    assert done.returncode == 1 and not (tmp_path / "daemon").exists()
    assert done.stderr.splitlines()[-1] == (
        "sluice: 'swift build --package-path' has failed; each module of stages has to hold"
        " 'public let stages: [any Stage.Type]'"
    )
    assert "cannot find 'stages' in scope" in done.stdout + done.stderr


def test_a_new_stage_says_where_sluice_is_to_be_had(tmp_path):
    done = sluice(tmp_path, "stage", "new", "Sample", "--sluice", "https://a.example/sluice.git@1.2.3")
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "Sample/Package.swift").read_text()
    assert '.package(url: "https://a.example/sluice.git", exact: "1.2.3")' in manifest
    assert '.product(name: "Pipeline", package: "sluice")' in manifest
    assert (tmp_path / "Sample/Sources/Sample/Stages.swift").exists()
