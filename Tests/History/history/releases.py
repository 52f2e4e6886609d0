"""Two releases of the daemon, between which a node is taken while the others serve."""

import re

from harness.daemon import BINARY

TOO_OLD = re.compile(r"[^\n]*run (?:a|the) newer daemon[^\n]*")
"""What a daemon says of a store whose schema it can't use any more."""


class Releases:
    """`before` is where every node begins, `after` what it is upgraded to; a node's `binary` says where it is."""

    def __init__(self, before, after=BINARY):
        self.before, self.after = before, after

    def leave(self, node):
        """Ends a node as systemd does: SIGTERM, and nothing more until it has ended."""
        return {"exit": node.stop()}

    def enter(self, node):
        """Starts the other release and waits until it is ready. The way back may be closed; then the node stays."""
        is_back = node.binary == self.after
        node.binary = self.before if is_back else self.after
        refusal = self.refusal(node) if is_back else None
        if refusal:
            node.binary = self.after
        node.start()
        return {"runs": node.binary} | ({"refused": refusal} if refusal else {})

    def refusal(self, node):
        """Why a node's daemon is too old for what the newer one has made of the store; None where it is not."""
        done = node.command("check", str(node.config))
        found = TOO_OLD.search(done.stdout + done.stderr) if done.returncode else None
        return found and found.group().strip()
