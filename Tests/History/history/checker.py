"""The pure checker: from the lines of a record to what they violate."""

from collections import Counter

from .model import History
from .record import read
from .rules import all_rules


def check(lines, without=()):
    history = History(lines)
    return [v for name, rule in all_rules().items() if name not in without for v in rule(history)]


def check_file(path, without=()):
    return check(read(path), without)


def figures(lines):
    """What happened in a run, in numbers."""
    kinds = Counter(line["kind"] for line in lines)
    types = Counter(line["type"] for line in lines if line["kind"] == "send")
    events = [line["event"] for line in lines if line["kind"] == "receive"]
    history = History(lines)
    more = {"upgrades": said} if (said := list(steps(history))) else {}
    if told := [line for _, line in history.faults if "reloads" in line]:
        more["reloads"] = {key: sum(line[key] for line in told) for key in ("reloads", "failed")}
    return {
        "lines": len(lines),
        "connections": kinds["open"],
        "events sent": kinds["send"],
        "events received": kinds["receive"],
        "messages": len({message_id for _, _, message_id, _ in history.acked_sends()}),
        "sends": types["NEW_MESSAGE"],
        "duplicates": sum(e["type"] == "MESSAGE_SENT" and bool(e["data"].get("duplicate")) for e in events),
        "changes": sum(attempt.acked for attempt in history.changes),
        "errors": dict(Counter(e["data"]["code"] for e in events if e["type"] == "ERROR")),
        "pushes": sum(e["type"] == "NEW_MESSAGE" for e in events),
        "faults": dict(Counter(line["name"] for _, line in history.faults if line["phase"] == "begin")),
        **more,
    }


def steps(history):
    """What each node ran after each step of an upgrade, and when."""
    for _, line in history.faults:
        if "runs" in line:
            refused = f", the other having refused: {line['refused']}" if "refused" in line else ""
            yield f"{line['at']:.1f} s: node {line['node']} runs {line['runs']}{refused}"


def report(violations, each=5):
    """Readable text: for each rule how many, and the first few in full."""
    counts = Counter(v.rule for v in violations)
    lines = []
    for rule, count in counts.items():
        lines.append(f"{rule}: {count} violation{'s' if count > 1 else ''}")
        lines += [f"  {v}" for v in violations if v.rule == rule][:each]
    return "\n".join(lines) or "nothing is violated"
