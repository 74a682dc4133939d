"""The words that tell a model how to answer. The example is one that no file holds; repeated, it is passed over."""

from __future__ import annotations

from overnight.propose.edits.change import Change, Format

_SEARCHED = "<the lines as they are now>"
_LINES = """Begin your answer with these two lines, outside of any code block:

Hypothesis: <what you change, and why it should help, in one line>
Expected: <how far the metric should move, in one line>
"""

_BLOCKS = f"""{_LINES}
Then give the change as one or more blocks of this form, each with the path of its file on the line above:

<path>
<<<<<<< SEARCH
{_SEARCHED}
=======
<the lines that shall stand there instead>
>>>>>>> REPLACE

- SEARCH holds whole lines, copied from the file with their indentation. It must occur in the file exactly once: add the
  lines around it until it does. Keep it short.
- REPLACE holds the new lines in full: nothing left out, no placeholders.
- Several blocks are applied in their order. If one does not fit, none is applied.
"""

_WHOLE = f"""{_LINES}
Then give the complete new text of the file in one code block, with the path of the file on the line above the block.

- Every line of the file, from the first to the last, also those that stay as they are. A placeholder such as a comment
  that the rest is as before is refused.
- No other code block. If the file itself holds a line of three backticks, fence the block with four.
"""


def instructions(format: Format) -> str:
    """How to answer in this format. Only blocks and whole files are asked for; the others are merely understood."""
    return {Format.BLOCKS: _BLOCKS, Format.WHOLE: _WHOLE}[Format(format)]


def is_example(change: Change) -> bool:
    return change.before == (_SEARCHED,)
