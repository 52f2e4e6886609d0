"""What must hold of a recorded run. Each rule is a function from a History to its violations."""

import dataclasses

LINES_MAX = 12


@dataclasses.dataclass
class Violation:
    rule: str
    text: str
    lines: list

    def __str__(self):
        numbers = sorted(set(self.lines))
        shown = ", ".join(map(str, numbers[:LINES_MAX])) + (", …" if len(numbers) > LINES_MAX else "")
        return f"{self.rule}: {self.text} (lines {shown})"


def all_rules():
    from . import changes, delivery, messages, nodes, order, versions, whole

    return {
        "whole": whole.whole,
        "answered": messages.answered,
        "lost": messages.lost,
        "doubled": messages.doubled,
        "refused": messages.refused,
        "phantom": messages.phantom,
        "foreign": messages.foreign,
        "order": order.order,
        "changes": changes.changes,
        "altered": changes.altered,
        "versions": versions.versions,
        "push-versions": versions.push_versions,
        "cursor": delivery.cursor,
        "continuing": delivery.continuing,
        "pushed": delivery.pushed,
        "drained": nodes.drained,
        "reloaded": nodes.reloaded,
    }
