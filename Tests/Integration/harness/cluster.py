"""Several daemons on one store and one state, each with ports of its own."""

from .daemon import Daemon


class Cluster:
    def __init__(self, folder, count=1, store=None, state=None, **settings):
        """`store` and `state` are URLs, or functions from a node's index to one, so that each has its own network."""
        folder.mkdir()
        self.daemons = []
        for index in range(count):
            urls = {
                name: url(index) if callable(url) else url
                for name, url in (("store", store), ("state", state))
                if url is not None
            }
            self.daemons.append(Daemon(folder / f"node{index}", **settings, **urls))

    def __len__(self):
        return len(self.daemons)

    def __getitem__(self, index):
        return self.daemons[index]

    def start(self):
        for daemon in self.daemons:
            daemon.start()
        return self

    def kill(self):
        for daemon in self.daemons:
            daemon.kill()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill()
