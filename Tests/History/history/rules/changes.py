"""Every acknowledged change reached every party, and both sides end with the same."""

from collections import defaultdict

from ..model import named
from ..view import CHANGES, lacks
from . import Violation

ASKED = {
    "EDIT_MESSAGE": "MESSAGE_EDITED",
    "DELETE_MESSAGE": "MESSAGE_DELETED",
    "MESSAGE_READ": "MESSAGE_READ_UPDATE",
    "MESSAGE_DELIVERED": "MESSAGE_DELIVERED_UPDATE",
}


def changes(history):
    """An acknowledged delete, read or delivery shows its time in the fresh sync of both; so does the last edit."""
    truth = history.truth
    yield from sides_differ(truth)
    for attempt in history.changes:
        if not attempt.acked:
            continue
        field, answer = CHANGES[ASKED[attempt.type]], attempt.answer["data"]
        for message_id in {*named(attempt.data), *attempt.known}:
            for user, messages in truth.items():
                stored = messages.get(message_id)
                if stored is None or attempt.type == "EDIT_MESSAGE":
                    continue
                lines = [attempt.line, attempt.answer_line, *history.mentions[message_id][-3:]]
                if field not in stored:
                    yield Violation("changes", f"{message_id} has no {field} in {user}'s fresh sync", lines)
                elif message_id == answer["messageId"] and answer[field] != stored[field]:
                    text = f"{message_id} has another {field} in {user}'s fresh sync than was acknowledged"
                    yield Violation("changes", text, lines)
    yield from edits_lost(history, truth)


def sides_differ(truth):
    for user, messages in truth.items():
        for message_id, known in messages.items():
            other = known["receiverId"] if user == known["senderId"] else known["senderId"]
            theirs = truth.get(other, {}).get(message_id)
            if theirs is not None and user < other and theirs != known:
                names = sorted(n for n in {*known, *theirs} if known.get(n) != theirs.get(n))
                yield Violation("changes", f"{user} and {other} differ in {names} of {message_id}", [])


def edits(history):
    """By message: the acknowledged edits as (version, content, attempt), and contents whose fate is unknown."""
    acked, open_ended = defaultdict(list), defaultdict(set)
    for attempt in history.changes:
        if attempt.type == "EDIT_MESSAGE":
            message_id = attempt.data["messageId"]
            if attempt.acked:
                acked[message_id].append((attempt.answer["data"]["version"], attempt.data["content"], attempt))
            elif attempt.answer is None or attempt.code in ("TIMEOUT", "INTERNAL"):
                open_ended[message_id].add(attempt.data["content"])
    return acked, open_ended


def edits_lost(history, truth):
    acked, open_ended = edits(history)
    for message_id, made in acked.items():
        version, content, attempt = max(made, key=lambda edit: edit[0])
        for user, messages in truth.items():
            stored = messages.get(message_id)
            if stored is None or "deletedAt" in stored:
                continue
            if stored["content"] != content and stored["content"] not in open_ended[message_id]:
                text = f"{message_id} says '{stored['content']}' to {user}, not '{content}' (version {version})"
                yield Violation("changes", text, [attempt.line, attempt.answer_line])


def altered(history):
    """A stored message says what its sender wrote, to whom it was written."""
    sent = {message_id: (user, attempt) for user, _, message_id, attempt in history.acked_sends()}
    acked, open_ended = edits(history)
    for user, messages in history.truth.items():
        for message_id, stored in messages.items():
            if message_id not in sent:
                continue
            sender, attempt = sent[message_id]
            lines = [attempt.line, attempt.answer_line, *history.mentions[message_id][-2:]]
            if (stored["senderId"], stored["receiverId"]) != (sender, attempt.data["receiverId"]):
                yield Violation("altered", f"{message_id} is from or to another in {user}'s fresh sync", lines)
            written = {attempt.data["content"], *open_ended[message_id], *(edit[1] for edit in acked[message_id])}
            if "deletedAt" not in stored and stored["content"] not in written:
                yield Violation("altered", f"{message_id} says what nobody wrote in {user}'s fresh sync", lines)
    for user, reader in history.readers.items():
        for line, item in reader.items["fresh"]:
            _, attempt = sent.get(item["messageId"], (None, None))
            if attempt and "deletedAt" not in item and item.get("metadata") != attempt.data.get("metadata"):
                text = f"{item['messageId']} has other metadata in {user}'s fresh sync than it was sent with"
                yield Violation("altered", text, [attempt.line, line])
            if "deletedAt" in item and (item["content"] or "metadata" in item):
                text = f"{item['messageId']} is deleted and still speaks in {user}'s fresh sync"
                yield Violation("altered", text, [line])


def behind(history, view, truth, user):
    """(messageId, what is missing) of a view that should know all."""
    for message_id, stored in truth.items():
        missing = lacks(view.messages.get(message_id), stored, user)
        if missing:
            yield message_id, missing
