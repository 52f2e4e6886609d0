"""A record that lacks its end, or in which nothing happened, shows nothing."""

from . import Violation


def whole(history):
    """The run came to its end, every client got to it, and something was acknowledged."""
    last = [len(history.lines)]
    for name in ("load-ended", "healed", "settled", "end"):
        if name not in history.marks:
            yield Violation("whole", f"the record has no mark '{name}'", last)
    for user in {d.user for d in history.clients.values()} - set(history.readers):
        yield Violation("whole", f"{user} has no fresh reader", last)
    end = history.marks.get("end", 0)
    for name in history.clients:
        if not any(c.device == name and (c.closed or end) >= end for c in history.connections.values()):
            yield Violation("whole", f"{name} is not connected at the end", last)
    if not any(True for _ in history.acked_sends()):
        yield Violation("whole", "no message was acknowledged", last)
