"""The benchmark suite: every system under the same loads, on the same servers, by turns.

`workloads` is the table of what is measured and `systems` who is; `schedule` puts the runs in order, `runs` carries one
out, `results` keeps what it gave. `figures`, `tables` and `plots` make pages of that, and can do so again at any time.
"""
