"""How good is the search? Against the textbooks' optimisers, on tasks like a night's: a good start, noise, crashes.

    python -m bench.search                     the table: held-out tasks, with the peers' cached results
    python -m bench.search --tuning            the tasks that the search was tuned on
    python -m bench.search --peers tpe cma     run these peers (bench/search/requirements.txt) and cache what they reach

    python -m bench.search.record NAME 1500    record real runs for a surrogate; goes on where it was stopped
    python -m bench.search.surrogate           how true the surrogates are to runs that they have not seen

A run is one measurement. Everybody starts from the same settings, which are told first; sees the same knobs on the
same scales, the same noise, and the same crashes. Shown is the true gain, in % of the start's loss, of the setting that
measured best so far. What each file covers: `tasks` (what a task is), `spaces`, `landscapes` and `rough` (synthetic
ones to tune on), `held_out` (no number of the search was chosen by them), `works`, `more`, `record`, `forest` and
`surrogate` (real work, recorded and fitted), `peers`, `ours`, `cache`, `cost` (of asking), `table`, `bar` (what is
asked of the search, in a few lines).
"""
