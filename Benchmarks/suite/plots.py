"""The plots, as SVG whose bytes are the same for the same results."""

from .figures import PAIRS, RATE, SERVERS, acked, cost, growth, member, values

SIZE = (8, 5)
# A colour and a mark for each, so that prints without colours can be read.
MARKS = "os^DvP*Xd<>"


def distribution(runs, kind):
    """The shares of messages, and within how many ms they came: all rounds together."""
    counts = {}
    for run in runs:
        for nanoseconds, count in member(kind, "buckets")(run) or ():
            counts[nanoseconds] = counts.get(nanoseconds, 0) + count
    total, seen, points = sum(counts.values()), 0, []
    for nanoseconds in sorted(counts):
        seen += counts[nanoseconds]
        points.append((seen / total, nanoseconds / 1e6))
    return points


def axes(pyplot, title, across, up):
    figure, plot = pyplot.subplots(figsize=SIZE)
    plot.set_title(title)
    plot.set_xlabel(across)
    plot.set_ylabel(up)
    plot.grid(True, which="major", alpha=0.3)
    return figure, plot


def styled(results):
    """Each system with its colour and mark, the same in all plots."""
    return [(name, f"C{n % 10}", MARKS[n % len(MARKS)]) for n, name in enumerate(results.facts["systems"])]


def latency(pyplot, results):
    figure, plot = axes(pyplot, "Delivery at 1,000 messages/s, from when each was due", "percentile", "ms")
    shares = (0, 0.9, 0.99, 0.999, 0.9999)
    drawn = False
    for name, colour, _ in styled(results):
        points = distribution(results.of(RATE, name).values(), "deliveryMilliseconds")
        # The last message of all would be infinitely far right.
        points = [(1 / (1 - share), time) for share, time in points if share < 0.99995]
        if points:
            plot.plot(*zip(*points), color=colour, label=name, drawstyle="steps-post")
            drawn = True
    plot.set_xscale("log")
    plot.set_yscale("log")
    plot.set_xticks(
        [1 / (1 - share) for share in shares], [f"{share:.2%}".rstrip("0%").rstrip(".") or "0" for share in shares]
    )
    plot.minorticks_off()
    return figure, drawn


def throughput(pyplot, results):
    title = "100 pairs both ways, 8 in flight each: what a system takes, and what that costs"
    figure, plot = axes(pyplot, title, "messages/s", "CPU seconds of all servers for 10,000 messages")
    drawn = False
    for name, colour, mark in styled(results):
        rates = list(values(results, PAIRS, name, acked).values())
        costs = list(values(results, PAIRS, name, cost(*SERVERS)).values())
        if rates and costs:
            plot.plot(rates, costs, mark, color=colour, label=name, markersize=8)
            drawn = True
    plot.set_xscale("log")
    plot.set_yscale("log")
    return figure, drawn


def memory(pyplot, results):
    figure, plot = axes(pyplot, "Silent connections, and by how much a system has grown", "connections", "MiB")
    kinds = {name for name, facts in results.facts["workloads"].items() if facts["kind"] in ("connections", "most")}
    drawn = False
    for name, colour, mark in styled(results):
        runs = [run for kind in sorted(kinds) for run in results.of(kind, name).values() if "report" in run]
        points = sorted((member("connections")(run), growth(run) / 2**20) for run in runs)
        if points:
            plot.plot(*zip(*points), mark, linestyle="-", color=colour, label=name)
            drawn = True
    plot.set_ylim(bottom=0)
    plot.set_xlim(left=0)
    return figure, drawn


DRAWN = (
    ("latency.svg", "how long delivery took, by percentile", latency),
    ("throughput.svg", "messages a second against their cost", throughput),
    ("memory.svg", "memory against connections", memory),
)


def draw(results, folder):
    """Draws what there are results for; gives the names of the files and what they show."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "sluice", "font.size": 11, "axes.titlesize": 12})
    from matplotlib import pyplot

    made = []
    for name, title, plot in DRAWN:
        figure, drawn = plot(pyplot, results)
        if drawn:
            figure.axes[0].legend(fontsize=9)
            figure.tight_layout()
            figure.savefig(folder / name, metadata={"Date": None})
            made.append((name, title))
        pyplot.close(figure)
    return made
