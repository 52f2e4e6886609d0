"""`make bench-guards`: a count above its threshold fails it, and one well below is told of."""

import importlib.util

from harness.daemon import ROOT


def load():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("guards", ROOT / "Benchmarks/guards.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_more_allocation_or_a_hundredth_more_instructions_is_too_much():
    guards = load()
    assert guards.verdict("allocations", 1.03, 1.03) == "ok"
    assert guards.verdict("allocations", 2.03, 1.03) == "over"
    assert guards.verdict("instructions", 2399, 2384) == "ok"
    assert guards.verdict("instructions", 2409, 2384) == "over"


def test_what_has_become_cheaper_is_told_of():
    guards = load()
    assert guards.verdict("allocations", 0.03, 1.03) == "below"
    assert guards.verdict("instructions", 2300, 2384) == "below"


def test_a_scenario_without_a_threshold_fails():
    counts = {"new": {"instructions": 1, "allocations": 1, "bytes": 1}}
    lines, verdicts = load().compare(counts, {}, ["instructions"])
    assert verdicts == ["over"] and "none" in lines[0]
