"""Every configuration that somebody may copy from here is one that `sluice check` takes.

Which YAML is a configuration, and of what, is told by rules on what it holds; a block that none of them knows fails.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from harness.daemon import BINARY, ROOT
from harness.extending import BY_HAND
from harness.fcm import write_account

EXAMPLE = Path(BY_HAND)
# Another example's own binary knows its stages.
BINARIES = {"Examples/WordFilter": EXAMPLE}
TOP = {"version", "server", "store", "state", "control", "search", "retention", "pipeline"}
FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^ *```$", re.M | re.S)
ENTRY = re.compile(r"^ *(- *)?stage: *\S", re.M)

# Fragments are completed by what they need to be a file.
CHAIN = """pipeline:
  - stage: auth
    secret_file: jwt.secret
  - stage: rate_limit
  - stage: dedup
  - stage: persist
  - stage: fan_out
  - stage: presence
"""


LANGUAGES = {"", "console", "ini", "json", "sh", "swift", "yaml"}
# What is built or fetched, what is wrong on purpose, and what the fuzzers begin with.
LEFT_OUT = {".build", ".git", "wrong_files", "Seeds"}


def tree(suffix):
    """The project's own files of a kind."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(suffix))


def fences():
    """The blocks of pages and of comments, each with its page, line and language."""
    for page in [*tree(".md"), *tree(".swift")]:
        text = page.read_text()
        if page.suffix == ".swift":
            text = re.sub(r"^ *///? ?", "", text, flags=re.M)
        for found in FENCE.finditer(text):
            indent, language, body = found.groups()
            line = text[: found.start()].count("\n") + 1
            yield page, line, language, re.sub(rf"^{indent}", "", body, flags=re.M)


def blocks():
    """The blocks that are YAML by what they say or by what they look like."""
    for page, line, language, body in fences():
        if language == "yaml" or not language and ENTRY.search(body):
            yield pytest.param(body, folder_of(page), id=f"{page.relative_to(ROOT)}:{line}")


def folder_of(page):
    return str(page.parent.relative_to(ROOT))


def files():
    """The files that are YAML, and those that other files bring along."""
    for path in tree(".yaml"):
        yield pytest.param(path.read_text(), folder_of(path), id=str(path.relative_to(ROOT)))
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name, config in compose.get("configs", {}).items():
        if "content" in config:
            yield pytest.param(config["content"].replace("$$", "$"), ".", id=f"compose.yaml:{name}")


def kind(text):
    """What a block of YAML is."""
    value = yaml.safe_load(text)
    if isinstance(value, list) and value and all(isinstance(item, dict) and "stage" in item for item in value):
        return "stages"
    if not isinstance(value, dict):
        return "unknown"
    keys = set(value)
    if "stage" in keys:
        return "a stage"
    if {"version", "pipeline"} <= keys:
        return "a file"
    if keys & TOP and keys <= TOP:
        return "top keys"
    return next((other for other, known in OTHERS.items() if known & keys), "unknown")


# What is something else's, by a key that only this has; test_chain_tests.py, test_monitoring.py, test_compose.py,
# test_openapi.py and test_asyncapi.py read it.
OTHERS = {
    "tests of a chain": {"tests", "expect"},
    "Prometheus": {"scrape_configs", "groups", "rule_files"},
    "compose": {"services"},
    "OpenAPI": {"openapi"},
    "AsyncAPI": {"asyncapi"},
}


def with_stages(entries):
    """A chain of what always is there and these stages, each in the place of its like or behind what it may need."""
    chain = yaml.safe_load(CHAIN)["pipeline"]
    for entry in entries:
        like = [index for index, other in enumerate(chain) if other["stage"] == entry["stage"]]
        if like:
            chain[like[0]] = {**entry, **({"secret_file": "jwt.secret"} if bare_auth(entry) else {})}
        elif entry["stage"] in ("fcm", "webhook"):
            chain.append(entry)
        else:
            chain.insert(1, entry)
    return yaml.safe_dump({"pipeline": chain}, sort_keys=False)


def bare_auth(entry):
    return entry["stage"] == "auth" and not entry.keys() & {"secret_file", "public_key_file", "jwks_file", "jwks_url"}


def completed(text):
    """A whole file that has the block as a part."""
    of = kind(text)
    assert of != "unknown", f"no rule knows what this is:\n{text}"
    if of == "a file":
        return text
    if of == "a stage":
        return "version: 1\n" + with_stages([yaml.safe_load(text)])
    if of == "stages":
        entries = yaml.safe_load(text)
        # A list that begins with who somebody is, is a chain of its own.
        if entries[0]["stage"] == "auth" and len(entries) > 1:
            return "version: 1\npipeline:\n" + re.sub("^", "  ", text, flags=re.M)
        return "version: 1\n" + with_stages(entries)
    keys = yaml.safe_load(text)
    return ("" if "version" in keys else "version: 1\n") + text + ("" if "pipeline" in keys else CHAIN)


@pytest.fixture
def place(tmp_path):
    """A directory with the files that configurations name."""
    for name in ("jwt.secret", "webhook.secret"):
        (tmp_path / name).write_bytes(b"a secret of more than thirty-two bytes, for nobody")
        (tmp_path / name).chmod(0o600)
    write_account(tmp_path / "fcm.json")
    return tmp_path


def check(place, text, folder):
    (place / "file.yaml").write_text(text)
    environment = {"PATH": os.environ["PATH"], "SLUICE_JWT_SECRET_FILE": "jwt.secret"}
    binary = BINARIES.get(folder, BINARY)
    return subprocess.run(
        [str(binary), "check", "--offline", "file.yaml"],
        cwd=place, env=environment, capture_output=True, text=True, timeout=60,
    )


def configurations(candidates):
    """Those that are configurations, or parts of one, or that no rule knows."""
    return [one for one in candidates if kind(one.values[0]) not in OTHERS]


@pytest.mark.parametrize(("text", "folder"), configurations([*files(), *blocks()]))
def test_what_is_written_down_has_no_faults(text, folder, place):
    whole = completed(text)
    done = check(place, whole, folder)
    assert done.returncode == 0, f"{done.stderr}\n{whole}"


def test_configurations_are_found_in_files_and_in_pages():
    found = {one.id for one in configurations(files())}
    assert {"pipeline.yaml", "Examples/WordFilter/pipeline.yaml"} <= found
    pages = {one.id.split(":")[0] for one in configurations(blocks())}
    assert "docs/operate.md" in pages


def test_a_block_says_what_it_is_by_a_name_that_is_known():
    # Else a block of `yml` would be passed over.
    strange = [f"{page}:{line}: {language}" for page, line, language, _ in fences() if language not in LANGUAGES]
    assert not strange


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("version: 1\npipeline: []\n", "a file"),
        ("server:\n  drain: 5s\n", "top keys"),
        ("store: memory\nsotre: x\n", "unknown"),
        ("- stage: dedup\n  window: 1m\n", "stages"),
        ("stage: dedup\n", "a stage"),
        ("- dedup\n", "unknown"),
        ("scrape_configs: []\n", "Prometheus"),
        ("services: {}\n", "compose"),
    ],
)
def test_what_a_block_is_can_be_told(text, of):
    assert kind(text) == of


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- stage: dedup\n  windwo: 1m\n", "unknown key 'windwo'"),
        ("server:\n  drain: soon\n", "'drain' wants a duration"),
        ("- stage: auth\n  issuer: [me]\n", "'issuer' wants a text"),
        ("- stage: auth\n  secret_file: jwt.secret\n- stage: fan_out\n", "needs durable id"),
    ],
)
def test_a_wrong_block_would_be_noticed(text, fault, place):
    done = check(place, completed(text), ".")
    assert done.returncode == 1 and fault in done.stderr
