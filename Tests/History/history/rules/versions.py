"""Versions of a message never go back, and one version never says two things."""

from collections import defaultdict

from . import Violation
from .changes import edits


def versions(history):
    """Across the syncs of one device, between acknowledgement and store, and between edits."""
    for name, device in history.devices.items():
        for purpose in ("track", "fresh"):
            seen = {}
            for line, item in device.items[purpose]:
                version, before = item.get("version", 1), seen.get(item["messageId"], (0, 0))
                if version < before[0]:
                    where = f"in the {purpose} sync of {name}"
                    text = f"{item['messageId']} goes from version {before[0]} to {version} {where}"
                    yield Violation("versions", text, [before[1], line])
                seen[item["messageId"]] = max(before, (version, line))
    final = {i: known["version"] for messages in history.truth.values() for i, known in messages.items()}
    for connection in history.connections.values():
        for line, kind, data in connection.pushes:
            message_id, version = data["messageId"], data.get("version", 1)
            if version > final.get(message_id, version):
                text = f"{message_id} was told of at version {version}, and ends at {final[message_id]}"
                yield Violation("versions", text, [line])
    for message_id, made in edits(history)[0].items():
        contents = defaultdict(dict)
        for version, content, attempt in made:
            contents[version][content] = attempt.answer_line
        for version, said in contents.items():
            if len(said) > 1:
                text = f"version {version} of {message_id} says {len(said)} things"
                yield Violation("versions", text, list(said.values()))


def push_versions(history):
    """What one connection is told of a message never goes back."""
    for connection in history.connections.values():
        seen = {}
        for line, kind, data in connection.pushes:
            version, before = data.get("version", 1), seen.get(data["messageId"], (0, 0))
            if version < before[0]:
                text = f"{data['messageId']} goes from version {before[0]} to {version} on {connection.name}"
                yield Violation("push-versions", text, [before[1], line])
            seen[data["messageId"]] = max(before, (version, line))
