"""Messages of one sender to one receiver come in the order in which one connection sent them."""

from collections import defaultdict

from . import Violation


def order(history):
    """In the pushes of a connection, in every sync, and in the pages of a history."""
    places = history.ordered()
    for connection in history.connections.values():
        seen = {}
        for line, kind, data in connection.pushes:
            if kind == "NEW_MESSAGE":
                seen.setdefault(data["messageId"], (line, data))
        yield from disordered(seen.values(), places, f"the pushes to {connection.name}")
    for name, device in history.devices.items():
        for purpose, items in device.items.items():
            # What never changed keeps its place in the feed; the live syncs of a device begin anew each time.
            if purpose in ("track", "fresh"):
                seen = {}
                for line, item in items:
                    if item.get("version", 1) == 1:
                        seen.setdefault(item["messageId"], (line, item))
                yield from disordered(seen.values(), places, f"the {purpose} sync of {name}")
    for line, page in history.pages:
        messages = [(line, message) for message in reversed(page["messages"])]
        yield from disordered(messages, places, f"the history pages of {page['user']} with {page['peer']}")


def disordered(messages, places, where):
    last = defaultdict(lambda: (0, None, 0))
    for line, message in messages:
        message_id = message["messageId"]
        if message_id not in places:
            continue
        connection, place = places[message_id]
        key = connection, message["senderId"], message["receiverId"]
        before, before_id, before_line = last[key]
        if place < before:
            text = f"{message_id}, sent before {before_id} on {connection}, comes after it in {where}"
            yield Violation("order", text, [place, before, before_line, line])
        else:
            last[key] = place, message_id, line
