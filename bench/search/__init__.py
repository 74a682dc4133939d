"""How good is the search? Against the textbooks' optimisers, on tasks like a night's: a good start, noise, crashes.

    python -m bench.search                     the table: held-out tasks, with the peers' cached results
    python -m bench.search --tuning            the tasks that the search was tuned on
    python -m bench.search --peers tpe cma     run these peers (bench/search/requirements.txt) and cache what they reach

A run is one measurement. Everybody starts from the same settings, which are told first; sees the same knobs on the
same scales, the same noise, and the same crashes. Shown is the true gain, in % of the start's loss, of the setting that
measured best so far. What each file covers: `tasks` (what a task is), `spaces` and `landscapes` (synthetic ones to
tune on), `held_out` (no number of the search was chosen by them), `peers`, `ours`, `cache`, `table`.

Not covered: surrogates of recorded real runs. A family is a function from a seed to a Task, so they are one file more.
"""
