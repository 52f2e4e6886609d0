"""The page of the results: what every system did, the figures to reach, and each workload by itself."""

from . import plots
from .figures import (
    GOALS,
    IDLE,
    ONE,
    PAIRS,
    RATE,
    SERVERS,
    acked,
    bound,
    connection_cost,
    connection_rate,
    cores,
    cost,
    delivered,
    faults,
    kib_a_connection,
    latency,
    member,
    of_those_without,
    ratios,
    span,
    values,
)

WHOLE, TENTHS, PARTS, SHARE = "{:,.0f}", "{:.1f}", "{:.2f}", "{:.0%}"


def milliseconds(kind, *names):
    """Columns of latencies."""
    label, shown = kind.removesuffix("Milliseconds"), {"p50": "p50", "p99": "p99", "p999": "p99.9", "max": "max"}
    return [(f"{label} {shown[name]} ms", PARTS, latency(kind, name)) for name in names]


CPU = [
    ("CPU s for 10,000", PARTS, cost(*SERVERS)),
    ("its own of them", PARTS, cost("server")),
    ("load's", PARTS, cost("load")),
]
FULL = [
    ("messages/s", WHOLE, acked),
    ("delivered/s", WHOLE, delivered),
    *CPU,
    *milliseconds("ackMilliseconds", "p50", "p99"),
    *milliseconds("deliveryMilliseconds", "p50", "p99"),
]
CONNECTIONS = [
    ("connections", WHOLE, member("connections")),
    ("connections/s", WHOLE, connection_rate),
    ("KiB each", TENTHS, kib_a_connection),
    ("CPU s for 10,000", PARTS, connection_cost),
]
# By a workload's kind: the headings, forms and figures of its table.
COLUMNS = {
    "closed": FULL,
    "table": FULL,
    "receipts": [
        FULL[0],
        ("of those without", SHARE, of_those_without),
        ("receipts/s", WHOLE, member("receiptsPerSecond")),
        *FULL[1:],
    ],
    "open": [
        ("messages/s", WHOLE, acked),
        *milliseconds("ackMilliseconds", "p50", "p99", "p999"),
        *milliseconds("deliveryMilliseconds", "p50", "p99", "p999"),
        *CPU,
    ],
    "slow": [
        ("messages/s", WHOLE, acked),
        ("without them: delivery p50 ms", PARTS, member("slow", "deliveryMillisecondsBefore", "p50")),
        ("p99 ms", PARTS, member("slow", "deliveryMillisecondsBefore", "p99")),
        *milliseconds("deliveryMilliseconds", "p50", "p99"),
        ("slow ones", WHOLE, member("slow", "clients")),
        ("not closed", WHOLE, member("slow", "kept")),
        ("messages to them", WHOLE, member("slow", "acked")),
        ("come by sync", WHOLE, member("slow", "synced")),
    ],
    "presence": [
        ("changes/s", PARTS, member("changesPerSecond")),
        ("updates/s", WHOLE, member("updatesPerSecond")),
        *milliseconds("onlineMilliseconds", "p50", "p99"),
        *milliseconds("offlineMilliseconds", "p50", "p99"),
        ("coalesced", WHOLE, member("coalesced")),
        ("cores of all servers", PARTS, cores(*SERVERS)),
    ],
    "storm": [
        ("all ready s", PARTS, member("readySeconds")),
        ("all synced s", PARTS, member("syncedSeconds")),
        ("ready/s", WHOLE, member("readyPerSecond")),
        *milliseconds("readyMilliseconds", "p50", "p99"),
        *milliseconds("syncedMilliseconds", "p50", "p99"),
        ("failed attempts", WHOLE, member("failedAttempts")),
        ("SYNs sent again", WHOLE, member("synRetransmits")),
        ("CPU s for 10,000, getting ready included", PARTS, connection_cost),
    ],
    "connections": CONNECTIONS,
    "most": CONNECTIONS,
}
BOUNDS = [
    ("`pgbench`: rows/s, each a commit, 8 connections", WHOLE, "pgbenchRows"),
    ("`pgbench` at 1,000 rows/s: p50 ms", PARTS, "pgbenchP50"),
    ("the same: p99 ms", PARTS, "pgbenchP99"),
    ("batches of 200 rows by `unnest`, 2 connections: rows/s", WHOLE, "unnestRows"),
    ("the same as fast as PostgreSQL can: rows/s", WHOLE, "leanRows"),
    ("so, with each marked as delivered and read: rows/s", WHOLE, "leanRowsMarked"),
    ("`redis-benchmark`, 2 connections, 1 in flight: SETs/s", WHOLE, "redisSets1"),
    ("the same, 64 in flight", WHOLE, "redisSets64"),
    ("a bare SQLite in commits of 500 rows: rows/s", WHOLE, "sqliteRows"),
    ("a bare NIO echo of 24 bytes: frames/s", WHOLE, "echoFrames"),
    ("its CPU for each, µs", PARTS, "echoMicroseconds"),
    ("its memory for a connection, bytes", WHOLE, "echoBytesPerConnection"),
    ("the same after a byte each way", WHOLE, "echoBytesPerUsedConnection"),
    ("an event made, taken through seven trivial stages in batches of 64, and dropped: ns", WHOLE, "chainNanoseconds"),
    ("an event made and dropped: ns", WHOLE, "eventNanoseconds"),
]


def table(headings, rows):
    """A table in Markdown; columns that nothing stands in are left out."""
    kept = [index for index in range(len(headings)) if index == 0 or any(row[index] for row in rows)]
    lines = [[headings[index] for index in kept], ["---"] * len(kept)]
    lines += [[row[index] for index in kept] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def systems_of(results, workload):
    """The systems that have figures of a workload, in the order of the suite."""
    return [name for name in results.facts["systems"] if results.of(workload, name)]


def fault_counts(results, workload, system):
    """Lost / doubled / out of order / closed, of all rounds."""
    found = [counts for counts in map(faults, results.of(workload, system).values()) if counts]
    return " / ".join(f"{sum(column):,}" for column in zip(*found)) if found else ""


def side_by_side(results):
    """One row a system: the main figures."""
    rows = []
    for name, facts in results.facts["systems"].items():
        rates = values(results, PAIRS, name, acked)
        row = [
            f"**{name}**<br>{facts['guarantee']}",
            span(rates.values(), WHOLE),
            span(ratios(rates, values(results, PAIRS, ONE, acked)).values(), PARTS),
            span(values(results, PAIRS, name, cost(*SERVERS)).values(), PARTS),
        ]
        for kind in ("ackMilliseconds", "deliveryMilliseconds"):
            for share in ("p50", "p99"):
                row.append(span(values(results, RATE, name, latency(kind, share)).values(), TENTHS))
        row.append(span(values(results, IDLE, name, connection_rate).values(), WHOLE))
        row.append(span(values(results, IDLE, name, kib_a_connection).values(), TENTHS))
        row.append(fault_counts(results, PAIRS, name))
        if any(row[1:]):
            rows.append(row)
    headings = ["system, and what its acknowledgement means", "messages/s", "of sluice's", "CPU s for 10,000"]
    headings += [f"{kind} {share} ms at 1,000/s" for kind in ("ack", "delivery") for share in ("p50", "p99")]
    headings += ["connections/s", "KiB an idle connection", "lost / doubled / out of order / closed"]
    return table(headings, rows)


def goals(results):
    return table(["figure", "to be", "measured"], [goal.row(results) for goal in GOALS])


def bounds(results):
    rows = [[name, span(values(results, "limits", "limits", bound(key)).values(), form)] for name, form, key in BOUNDS]
    return table(["what", "measured"], rows)


def syncs(results, workload):
    """What a sync took, of the one system that has such a table."""
    rows = []
    for run in results.of(workload, ONE).values():
        figures = run["figures"]
        for key, what in (
            ("firstHundred", "the first 100 messages of a user"),
            ("whole", f"{figures['wholeCount']:,} messages, 500 a page"),
            ("lastHundred", "the last 100 of them"),
        ):
            rows.append([what, *(PARTS.format(value) for value in figures[key])])
    return table(["sync of", "p50 ms", "p99 ms"], rows)


def workload_table(results, workload, facts):
    if facts["kind"] == "limits":
        return bounds(results)
    if facts["kind"] == "sync":
        return syncs(results, workload)
    if not systems_of(results, workload):
        return "Nothing was measured: see the end of this page."
    columns, rows = COLUMNS[facts["kind"]], []
    for name in systems_of(results, workload):
        row = [name, *(span(values(results, workload, name, figure).values(), form) for _, form, figure in columns)]
        if facts["kind"] in ("closed", "receipts", "table"):
            base = values(results, "table-0" if facts["kind"] == "table" else workload, ONE, acked)
            row.append(span(ratios(values(results, workload, name, acked), base).values(), PARTS))
        else:
            row.append("")
        row.append(span(values(results, workload, name, cores("others", "stolen")).values(), PARTS))
        row.append(fault_counts(results, workload, name))
        rows.append(row)
    headings = ["system", *(heading for heading, _, _ in columns)]
    headings += [
        "of empty tables'" if facts["kind"] == "table" else "of sluice's",
        "cores that others used",
        "lost / doubled / out of order / closed",
    ]
    return table(headings, rows)


def not_measured(results):
    """What failed, what was left out and why, a line each."""
    lines = [f"{name}: {reason}" for name, reason in results.facts.get("missing", {}).items()]
    for run in results.runs:
        what = f"{run['workload']}, {run['system']}, round {run['round']}"
        if "leftOut" in run:
            lines.append(f"{what}: left out, it {run['leftOut']}")
        elif "failed" in run:
            lines.append(f"{what}: {run['failed']}")
        elif run.get("exit"):
            lines.append(f"{what}: `sluice bench` ended with {run['exit']}: {run.get('said', 'no reason given')}")
        elif run.get("stoppedBy"):
            lines.append(f"{what}: no more connections by {run['stoppedBy']}")
    lines += [f"{name}: there was no time for it" for name in results.facts.get("cutOff", [])]
    return [" ".join(line.split()) for line in lines]


def page(results, drawn):
    facts = results.facts
    machine = facts["machine"]
    text = [
        "# Results",
        f"Commit {machine['commit']}, {facts['started']}, in {facts.get('tookSeconds', 0) / 60:.0f} minutes"
        + (", **quick**: runs of a second or two, too short for figures that count." if facts["quick"] else ".")
        + f" {machine['processor']}, {machine['cores']} cores, {machine['memoryGiB']} GiB, Linux {machine['kernel']},"
        f" {machine['filesystem']}; {machine['postgres']}; {machine['redis']}; {machine['swift']};"
        f" load average {machine['loadBefore']} before. Lowest and highest of all rounds; ratios are within a round.",
        "Versions: " + "; ".join(f"{name}: {system['version']}" for name, system in facts["systems"].items()) + ".",
        "## Side by side",
        f"{facts['workloads'].get(PAIRS, {}).get('title', PAIRS)}, unless another load is named.",
        side_by_side(results),
        *(f"![{title}]({name})" for name, title in drawn if name != "memory.svg"),
        "## The figures to reach",
        goals(results),
        "## Each load",
    ]
    for name, workload in facts["workloads"].items():
        if any(run["workload"] == name for run in results.runs):
            text.append(f"### {workload['title']}")
            if workload["options"]:
                text.append(f"`{workload['options']}`")
            text.append(workload_table(results, name, workload))
            if name == IDLE:
                text += [f"![{title}]({file})" for file, title in drawn if file == "memory.svg"]
    lines = not_measured(results)
    if lines:
        text += ["## What was not measured, or not as it should be", "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(part.strip() for part in text) + "\n"


def write(results, folder):
    """Writes the page and its plots beside the results; gives their paths."""
    drawn = plots.draw(results, folder)
    path = folder / "results.md"
    path.write_text(page(results, drawn))
    return [path, *(folder / name for name, _ in drawn)]
