"""Acknowledged means stored, once, under one id, for the two whom it concerns and nobody else."""

from collections import defaultdict

from ..model import REFUSALS
from . import Violation


def answered(history):
    """Every send is acknowledged in the end."""
    for (user, temp_id), attempts in history.sends.items():
        if not any(a.acked for a in attempts):
            codes = {a.code for a in attempts if a.code}
            text = f"{user}'s send {temp_id} was never acknowledged{f', but refused: {codes}' if codes else ''}"
            yield Violation("answered", text, [a.answer_line or a.line for a in attempts])


def lost(history):
    """What was acknowledged is in the fresh sync of both sides, and in their history pages."""
    pages = defaultdict(set)
    for _, page in history.pages:
        pages[page["user"], page["peer"]] |= {m["messageId"] for m in page["messages"]}
    seen = set()
    for user, temp_id, message_id, attempt in history.acked_sends():
        receiver = attempt.data["receiverId"]
        if message_id in seen:
            continue
        seen.add(message_id)
        for who, peer in ((user, receiver), (receiver, user)):
            lines = [attempt.line, attempt.answer_line, *history.mentions[message_id]]
            if who in history.truth and message_id not in history.truth[who]:
                yield Violation("lost", f"{message_id} ({user}'s {temp_id}) is not in {who}'s fresh sync", lines)
            if (who, peer) in pages and message_id not in pages[who, peer]:
                yield Violation("lost", f"{message_id} ({user}'s {temp_id}) is not in {who}'s history pages", lines)


def doubled(history):
    """One id and one row for each (sender, tempId), one push of it for each connection."""
    yield from ids_doubled(history)
    yield from rows_doubled(history)
    for connection in history.connections.values():
        pushed = defaultdict(list)
        for line, kind, data in connection.pushes:
            if kind == "NEW_MESSAGE":
                pushed[data["messageId"]].append(line)
        for message_id, lines in pushed.items():
            if len(lines) > 1:
                text = f"{message_id} was pushed {len(lines)} times to {connection.name}"
                yield Violation("doubled", text, lines + history.mentions[message_id][:2])


def ids_doubled(history):
    ids, keys = defaultdict(dict), defaultdict(dict)
    for user, temp_id, message_id, attempt in history.acked_sends():
        ids[user, temp_id].setdefault(message_id, attempt.answer_line)
        keys[message_id].setdefault((user, temp_id), attempt.answer_line)
    for (user, temp_id), given in ids.items():
        if len(given) > 1:
            yield Violation("doubled", f"{user}'s send {temp_id} has the ids {sorted(given)}", list(given.values()))
        new = [a for a in history.sends[user, temp_id] if a.acked and not a.duplicate]
        if len(new) > 1:
            text = f"{user}'s send {temp_id} was acknowledged as new {len(new)} times"
            yield Violation("doubled", text, [a.answer_line for a in new])
    for message_id, owners in keys.items():
        if len(owners) > 1:
            yield Violation("doubled", f"{message_id} stands for {sorted(owners)}", list(owners.values()))


def rows_doubled(history):
    """Contents begin with their sender and tempId, so that a second row shows whatever its id."""
    for user, reader in history.readers.items():
        rows, versions = defaultdict(dict), defaultdict(list)
        for line, item in reader.items["fresh"]:
            versions[item["messageId"], item.get("version")].append(line)
            if item["content"]:
                rows[item["senderId"], item["content"].split(" ")[0]][item["messageId"]] = line
        for (sender, key), ids in rows.items():
            if len(ids) > 1:
                yield Violation("doubled", f"{user} has {len(ids)} rows of {sender}'s {key}", list(ids.values()))
        for (message_id, _), lines in versions.items():
            if len(lines) > 1:
                yield Violation("doubled", f"{message_id} stands {len(lines)} times in {user}'s fresh sync", lines)
    for line, page in history.pages:
        ids = [m["messageId"] for m in page["messages"]]
        for message_id in {i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else ():
            yield Violation("doubled", f"{message_id} is repeated in {page['user']}'s history pages", [line])


def refused(history):
    """UNAVAILABLE means not taken: what every earlier attempt was told, the next is no duplicate of."""
    for (user, temp_id), attempts in history.sends.items():
        for attempt in attempts:
            others = [a for a in attempts if a is not attempt and a.line < (attempt.answer_line or 0)]
            if attempt.duplicate and others and all(a.code in REFUSALS for a in others):
                text = f"{user}'s send {temp_id} was refused, and is a duplicate all the same"
                yield Violation("refused", text, [a.answer_line for a in others] + [attempt.answer_line])


def phantom(history):
    """Nobody is told of a message that is not stored."""
    truth = history.truth
    stored = {message_id for messages in truth.values() for message_id in messages}
    acked = {message_id for _, _, message_id, _ in history.acked_sends()}
    for message_id, lines in history.mentions.items():
        if message_id not in stored and message_id not in acked:
            yield Violation("phantom", f"{message_id} was told of, and is not stored", lines)


def foreign(history):
    """Nobody is told of a message that is not theirs."""
    for connection in history.connections.values():
        for line, kind, data in connection.pushes:
            if kind == "NEW_MESSAGE" and connection.user not in (data["senderId"], data["receiverId"]):
                yield Violation("foreign", f"{connection.user} was pushed {data['messageId']}", [line])
    for name, device in history.devices.items():
        for items in device.items.values():
            for line, item in items:
                if device.user not in (item["senderId"], item["receiverId"]):
                    yield Violation("foreign", f"{name} synced {item['messageId']}", [line])
