"""The benchmark suite: how runs are ordered, and what is made of their figures. None is measured here."""

import os
import subprocess
import sys
import types

import pytest
from harness.daemon import ROOT

sys.path.insert(0, str(ROOT / "Benchmarks"))

import load
from suite import driver, figures, pages, usage
from suite.results import Results
from suite.schedule import Progress, cells, chosen
from suite.systems import OWN, configuration
from suite.workloads import WORKLOADS

SYSTEMS = [*OWN, "peer"]
MACHINE = (
    *("commit", "processor", "cores", "memoryGiB", "kernel", "filesystem"),
    *("postgres", "redis", "swift", "loadBefore"),
)


def run(system, number, rate, workload=figures.PAIRS, **more):
    report = {"ackedPerSecond": rate, "deliveredPerSecond": rate, "seconds": 2, "acked": 3 * rate}
    used = {"server": 1.0, "postgres": 2.0, "redis": 0.5, "load": 4.0, "others": 0.1, "stolen": 0.0}
    return {"workload": workload, "system": system, "round": number, "report": report, "measured": used, **more}


@pytest.fixture
def results(tmp_path):
    facts = {
        "machine": dict.fromkeys(MACHINE, "?"),
        "quick": False,
        "started": "2026-01-31T12:00:00Z",
        "systems": {name: {"guarantee": f"that of {name}", "version": "1"} for name in SYSTEMS},
        "workloads": {w.name: {"title": w.title, "kind": w.kind, "options": ""} for w in WORKLOADS},
    }
    return Results(tmp_path, facts)


def test_all_have_had_a_turn_before_any_has_a_second_and_another_begins():
    todo = cells(chosen(), SYSTEMS)
    assert [cell.round for cell in todo] == sorted(cell.round for cell in todo)
    for number in (1, 2, 3):
        turn = [cell.system for cell in todo if cell.round == number and cell.workload.name == figures.PAIRS]
        assert sorted(turn) == sorted(SYSTEMS) and turn[0] == SYSTEMS[number - 1]


def test_what_wants_what_only_some_have_is_asked_of_them():
    todo = cells(chosen(), SYSTEMS)
    assert {cell.system for cell in todo if cell.workload.name == "storm"} == set(OWN)
    assert {cell.system for cell in todo if cell.workload.name == "limits"} == {"limits"}
    assert "peer" in {cell.system for cell in todo if cell.workload.name == figures.IDLE}


def test_a_pattern_and_a_number_of_rounds_choose():
    todo = cells(chosen(rounds=5, pattern="rate-1000/peer"), SYSTEMS, "rate-1000/peer")
    assert [(cell.round, cell.name) for cell in todo] == [(number, "rate-1000/peer") for number in range(1, 6)]
    # A quick run leaves this out, unless it is asked for.
    assert not [cell for cell in cells(chosen(quick=True), SYSTEMS) if cell.workload.name == "rate-100"]
    assert cells(chosen(quick=True, pattern="rate-100/"), SYSTEMS, "rate-100/")


@pytest.mark.parametrize(("quick", "minutes"), [(True, 5), (False, 60)])
def test_the_suite_fits_into_its_time(quick, minutes):
    # As many systems as there are with all peers; filling the big table takes its time besides.
    todo = cells(chosen(quick), [*OWN, *(f"peer{n}" for n in range(5))])
    assert sum(cell.about for cell in todo) < 60 * minutes - (0 if quick else 480)


def test_an_estimate_learns_and_what_does_not_fit_is_known():
    now = [0.0]
    todo = cells(chosen(pattern="pairs-100-depth-8"), SYSTEMS, "pairs-100-depth-8")
    progress = Progress(todo, budget=100, clock=lambda: now[0])
    expected = progress.seconds_left()
    for cell in todo[:4]:
        now[0] += 2 * cell.about
        progress.done(cell, 2 * cell.about)
    assert expected * 8 / 12 < progress.seconds_left() < 2 * expected * 8 / 12
    assert "[5/12," in progress.line(todo[4])
    assert not progress.fits(todo[4])


def test_what_was_measured_is_there_though_the_suite_is_cut_off(results, tmp_path):
    results.add(run("sluice", 1, 1000))
    results.add({"workload": figures.PAIRS, "system": "peer", "round": 1, "failed": "it was not there"})
    again = Results.read(tmp_path)
    assert again.runs == results.runs and again.facts == results.facts
    assert again.of(figures.PAIRS, "sluice") == {1: run("sluice", 1, 1000)}
    assert again.of(figures.PAIRS, "peer") == {}


def test_ratios_are_of_the_same_round(results):
    results.runs += [run("sluice", 1, 1000), run("peer", 1, 100), run("sluice", 2, 400), run("peer", 2, 100)]
    results.runs += [run("peer", 3, 9)]
    found = figures.against(figures.PAIRS, "sluice", figures.acked, figures.PAIRS, "peer", figures.acked)(results)
    assert found == {1: 10, 2: 4}
    assert figures.span(found.values(), "{:.1f}") == "4.0 to 10.0"
    assert figures.span([2.04, 2.01], "{:.1f}") == "2.0" and figures.span([], "{:.1f}") == ""


def test_receipts_are_compared_with_what_the_same_run_took_without(results):
    results.runs += [run("sluice", 1, 500, workload="receipts", without=[1100, 900]), run("sluice", 1, 5000)]
    results.runs.append({"workload": "limits", "system": "limits", "round": 1})
    results.runs[-1]["figures"] = {"leanRows": 1000, "leanRowsMarked": 400}
    names = [goal.name for goal in figures.GOALS]
    first = names.index("messages/s with two receipts each, of those without")
    rows = [goal.row(results)[1:] for goal in figures.GOALS[first : first + 3]]
    # What is only to be read beside it has nothing to reach.
    assert rows == [("at least 60%", "50%: **missed**"), ("", "40%"), ("at least 1.00", "1.25")]


def test_by_turns_neither_is_later_than_the_other():
    clock = iter(range(4))
    without, with_it = load.by_turns(lambda is_with: (is_with, next(clock)))
    assert [is_with for is_with, _ in without + with_it] == [False, False, True, True]
    assert sum(moment for _, moment in without) == sum(moment for _, moment in with_it)


def test_runs_together_count_all_that_each_has():
    plan = load.Plan((1,))
    runs = [load.Outcome(plan, 2, [load.Part(acked=count)], {"daemon": 1}, {"commits": 3}) for count in (100, 300)]
    both = load.together(runs)
    assert both.rate() == 100 and both.cost("daemon") == 50 and both.counts == {"commits": 6}


def test_cost_is_for_ten_thousand_messages_of_the_measured_time():
    assert figures.cost("server", "redis")(run("sluice", 1, 1000)) == pytest.approx(7.5)
    assert figures.cost("server")(run("sluice", 1, 0)) is None


def test_what_was_acknowledged_and_is_not_stored_is_lost():
    assert figures.faults(run("sluice", 1, 100, stored=300)) == (0, 0, 0, 0)
    assert figures.faults(run("sluice", 1, 100, stored=298)) == (2, 0, 0, 0)
    assert figures.faults(run("peer", 1, 100)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("goal", "found", "verdict"),
    [
        (figures.Goal("x", "{}", None, at_least=10), [10, 11], ""),
        (figures.Goal("x", "{}", None, at_least=10), [9, 11], ": **missed** in 1 of 2"),
        (figures.Goal("x", "{}", None, at_most=0), [1, 2], ": **missed**"),
    ],
)
def test_a_goal_that_is_missed_is_marked(goal, found, verdict):
    assert goal.verdict(found) == verdict


def test_the_page_has_a_row_for_each_system_and_tells_what_is_missing(results):
    results.runs += [run("sluice", 1, 16_000, stored=48_000), run("peer", 1, 100)]
    results.runs += [run("sluice", 2, 14_000, stored=41_999)]
    results.runs.append({"workload": "storm", "system": "sluice", "round": 1, "failed": "Fault: it\nhas ended"})
    text = pages.page(results, [])
    assert "| **sluice**<br>that of sluice | 14,000 to 16,000 | 1.00 |" in text
    assert "| **peer**<br>that of peer | 100 | 0.01 |" in text
    assert "Redis | at least 15,000 | 14,000 to 16,000: **missed** in 1 of 2 |" in text
    assert "| 1 / 0 / 0 / 0 |" in text
    assert "- storm, sluice, round 1: Fault: it has ended" in text
    assert "sluice embedded" not in text.split("## The figures to reach")[0].split("## Side by side")[1]


def test_use_of_the_machine_is_told_between_any_two_moments():
    watched = usage.Usage({"server": list})
    for moment, server, machine in ((0, 1, 10), (1, 3, 14), (2, 3, 15)):
        used = {"server": server, "machine": machine, "stolen": 0, "runner": 0}
        watched.samples.append((moment, used, {"server": moment}))
    assert watched.between(0.5, 1.5) == {"server": 1, "stolen": 0, "runner": 0, "others": 1.5}
    assert watched.between(-1, 9) == {"server": 2, "stolen": 0, "runner": 0, "others": 3}
    assert watched.memory("server") == {"before": 0, "most": 2}


def test_a_suite_that_is_ended_ends_its_load(monkeypatch):
    class Interrupted(subprocess.Popen):
        def communicate(self, **_):
            loads.append(self)
            raise KeyboardInterrupt

    loads = []
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    monkeypatch.setattr(driver, "command", lambda *_: ["sleep", "60"])
    own = types.SimpleNamespace(pid=os.getpid())
    servers = {name: types.SimpleNamespace(kind=name, process=own) for name in ("postgres", "redis")}
    with pytest.raises(KeyboardInterrupt):
        driver.drive(types.SimpleNamespace(processes=dict, **servers), WORKLOADS[0])
    assert [load.returncode for load in loads] == [-9]


def test_what_came_to_somebody_else_came_once_too_often():
    astray = run("peer", 1, 100)
    astray["report"] |= {"doubled": 1, "strayed": 2, "slow": {"strayed": 4}}
    assert figures.faults(astray) == (0, 7, 0, 0)


def test_the_chain_that_is_measured_is_the_one_that_is_shipped():
    lines = (ROOT / "pipeline.yaml").read_text().split("\n")
    changed = [new for old, new in zip(lines, configuration().split("\n"), strict=True) if old != new]
    assert [line.split(":")[0].strip() for line in changed] == ["limits", "rate", "burst"]
