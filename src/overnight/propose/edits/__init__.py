"""A model's answer in plain text, turned into new texts of the files that may change; or the reason why not.

Start at `reply.py`. What is asked for: SEARCH/REPLACE blocks or the whole file. A unified diff and the
`*** Begin Patch` envelope are understood as well. Promises: a change lands at the one place it names, or nowhere; all
of a reply is applied, or nothing; text that nobody vouches for costs bounded time and memory. Knows nothing of models
and of git.
"""

from overnight.propose.edits.change import Fault, Format, Problem
from overnight.propose.edits.instructions import instructions
from overnight.propose.edits.reply import Reply, read_reply

__all__ = ["Fault", "Format", "Problem", "Reply", "instructions", "read_reply"]
