"""What is measured: a table, from which the schedule is made.

All loads are of `sluice bench`, whose options a workload gives. Peers are left out of those that want what only Sluice
has (presence, sync).
"""

import dataclasses

EMBEDDED, ONE, TWO = "sluice embedded", "sluice", "sluice, two nodes"
SLUICE = (EMBEDDED, ONE, TWO)
# Every system that there is.
ALL = None


@dataclasses.dataclass(frozen=True)
class Workload:
    """One line of the table. `kind` is how it is run and told. `seconds` are measured after `warm_up`; `about` is how
    long one run takes besides. `least` is what a system must take a second at full load to be given this load."""

    name: str
    title: str
    kind: str
    systems: tuple | None = ALL
    options: tuple = ()
    rounds: int = 2
    seconds: float = 6
    warm_up: float = 2
    about: float = 4
    least: int = 0
    # What is other than in pipeline.yaml.
    settings: dict = dataclasses.field(default_factory=dict)
    # In a quick run: who takes part (nobody: it is left out), and what is smaller then.
    quick_systems: tuple | None = ALL
    quick: dict = dataclasses.field(default_factory=dict)

    @property
    def arguments(self):
        """The options of `sluice bench`. A storm takes as long as it takes."""
        timed = () if self.kind == "storm" else ("--warm-up", str(self.warm_up), "--seconds", str(self.seconds))
        return (*self.options, *timed)

    def in_short(self):
        """This workload as a quick run has it."""
        short = {"rounds": 1, "seconds": 1.5, "warm_up": 1.2, "about": 2.5, "systems": self.quick_systems, **self.quick}
        return dataclasses.replace(self, **short)


# So long is waited for what is under way when a full load ends: who is slow with it has not lost it.
WAITING = ("--patience", "60")


def pairs(count, depth, **more):
    return Workload(
        f"pairs-{count}-depth-{depth}",
        f"{count:,} pairs that write to each other both ways, {depth} in flight each",
        "closed",
        options=("--pairs", str(count), "--depth", str(depth), *WAITING),
        **more,
    )


def rate(count, **more):
    return Workload(
        f"rate-{count}",
        f"{count:,} messages/s of 100 pairs, whatever comes back",
        "open",
        options=("--pairs", "100", "--rate", str(count), "--patience", "10"),
        least=count,
        **more,
    )


def connections(count, **more):
    return Workload(
        f"connections-{count}",
        f"{count:,} connections that stay silent",
        "connections",
        options=("--pairs", "0", "--idle", str(count)),
        warm_up=0.5,
        seconds=1,
        **more,
    )


WORKLOADS = (
    Workload(
        "limits",
        "What the servers and NIO give with nothing in between",
        "limits",
        systems=("limits",),
        rounds=3,
        about=23,
        quick_systems=("limits",),
        quick={"about": 12},
    ),
    pairs(100, 8, rounds=3, seconds=8),
    rate(1000, rounds=3, seconds=8),
    pairs(10, 8, quick_systems=()),
    pairs(1000, 8, quick_systems=(ONE,)),
    pairs(100, 1, quick_systems=()),
    rate(100, quick_systems=()),
    rate(5000, quick_systems=(EMBEDDED, ONE)),
    Workload(
        "hot-receiver",
        "1,000 senders to one receiver, one message in flight each",
        "closed",
        options=("--senders", "1000", "--depth", "1", *WAITING),
        quick_systems=(EMBEDDED, ONE),
        quick={"options": ("--senders", "100", "--depth", "1")},
    ),
    connections(2500, rounds=1, quick_systems=(EMBEDDED, ONE)),
    connections(10_000, about=8, quick_systems=(ONE,), quick={"about": 6}),
    Workload(
        "connections-most",
        "As many connections as fit, up to 50,000",
        "most",
        systems=(EMBEDDED, ONE),
        rounds=1,
        warm_up=0.5,
        seconds=1,
        about=20,
        quick_systems=(),
    ),
    Workload(
        "receipts",
        "100 pairs, 8 in flight, a delivered and a read receipt for each message",
        "receipts",
        systems=(*SLUICE, "ws"),
        options=("--pairs", "100", "--depth", "8", "--receipts"),
        rounds=3,
        # With the two halves without receipts.
        about=22,
        quick_systems=(ONE,),
        quick={"about": 11.5},
    ),
    Workload(
        "duplicates",
        "100 pairs, 8 in flight, one message in ten sent twice",
        "closed",
        systems=(*SLUICE, "ws", "python-socketio"),
        options=("--pairs", "100", "--depth", "8", "--duplicates", "0.1"),
        quick_systems=(ONE,),
    ),
    Workload(
        "slow",
        "1,000 messages/s of 16,000 bytes of 5 pairs, beside 5 who don't read what is sent to them",
        "slow",
        systems=SLUICE,
        # So many bytes that what waits for each of the five is past the bound of pipeline.yaml within the time.
        options=("--pairs", "5", "--rate", "1000", "--content", "16000", "--slow", "5"),
        seconds=8,
        about=14,
        quick_systems=(ONE,),
        quick={"seconds": 5, "about": 8},
    ),
    Workload(
        "presence",
        "Someone comes or goes twice a second before 1,000 who watch, and is offline 0.1 s after going",
        "presence",
        systems=SLUICE,
        options=("--watchers", "1000", "--changes", "2"),
        # By the ten seconds of pipeline.yaml nobody who comes back at once has been away.
        settings={"offline_after": "100ms"},
        quick_systems=(ONE,),
        quick={"options": ("--watchers", "100", "--changes", "2")},
    ),
    Workload(
        "storm",
        "10,000 connect at once, each with messages to sync",
        "storm",
        systems=SLUICE,
        options=("--storm", "10000"),
        about=20,
        quick_systems=(ONE,),
        quick={"options": ("--storm", "1000")},
    ),
    Workload(
        "table-0",
        "The same closed loop on empty tables",
        "table",
        systems=(ONE,),
        options=("--pairs", "100", "--depth", "8"),
        quick_systems=(),
    ),
    Workload(
        "table-1000000",
        "… on a million messages",
        "table",
        systems=(ONE,),
        options=("--pairs", "100", "--depth", "8"),
        quick_systems=(),
    ),
    Workload(
        "table-10000000",
        "… on ten million",
        "table",
        systems=(ONE,),
        options=("--pairs", "100", "--depth", "8"),
        quick_systems=(),
    ),
    Workload(
        "sync-10000000",
        "Sync from the ten million, over HTTP, one call after the other",
        "sync",
        systems=(ONE,),
        rounds=1,
        about=40,
        quick_systems=(),
    ),
)
