"""What has been measured, on disk from the first run on: a suite that is cut off keeps what it has."""

import json
from pathlib import Path


class Results:
    """`facts` are of the whole suite, `runs` one object for each run, in the order of their ends."""

    def __init__(self, folder, facts):
        self.path = Path(folder) / "results.json"
        self.facts, self.runs = facts, []

    @classmethod
    def read(cls, folder):
        results = cls(folder, {})
        found = json.loads(results.path.read_text())
        results.runs = found.pop("runs")
        results.facts = found
        return results

    def add(self, run):
        self.runs.append(run)
        self.write()

    def write(self):
        """Puts the file into its place as a whole, with a line for each run."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        facts = "".join(f"{json.dumps(name)}: {json.dumps(value)},\n" for name, value in self.facts.items())
        new.write_text(f'{{{facts}"runs": [\n' + ",\n".join(map(json.dumps, self.runs)) + "\n]}\n")
        new.replace(self.path)

    def of(self, workload, system):
        """The runs of a workload on a system that have figures, by round."""
        return {
            run["round"]: run
            for run in self.runs
            if (run["workload"], run["system"]) == (workload, system) and ("report" in run or "figures" in run)
        }
