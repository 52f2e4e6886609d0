"""Nothing missed: by cursors alone, by pushes alone, and by both together as clients use them."""

from . import Violation
from .changes import behind


def cursor(history):
    """Who only syncs from their own cursors has what a fresh reader has."""
    for name, device in history.clients.items():
        truth = history.truth.get(device.user, {})
        for message_id, missing in behind(history, device.track, truth, device.user):
            text = f"{name}, by its cursors, lacks {missing} of {message_id}"
            yield Violation("cursor", text, history.mentions[message_id])
        for message_id, stored in truth.items():
            known = device.track.messages.get(message_id)
            if known and known["version"] != stored["version"]:
                text = f"{name}, by its cursors, has version {known['version']} of {message_id}, not {stored['version']}"
                yield Violation("cursor", text, history.mentions[message_id])


def continuing(history):
    """Who goes on through reconnects, by pushes and a sync after each, has all in the end."""
    for name, device in history.clients.items():
        for message_id, missing in behind(history, device.live, history.truth.get(device.user, {}), device.user):
            text = f"{name}, by pushes and syncs, lacks {missing} of {message_id}"
            yield Violation("continuing", text, history.mentions[message_id])


def pushed(history):
    """Who is connected was told all without a sync, in bounded time after all was well again."""
    settled = history.marks.get("settled", 0)
    for name, device in history.clients.items():
        if device.settled is None:
            continue
        truth = history.truth.get(device.user, {})
        opened = max(
            (c.opened for c in history.connections.values() if c.device == name and c.opened < settled), default=0
        )
        for message_id, missing in behind(history, device.settled, truth, device.user):
            text = f"{name}, connected since line {opened}, was not told {missing} of {message_id} by line {settled}"
            yield Violation("pushed", text, [opened, *history.mentions[message_id], settled])
