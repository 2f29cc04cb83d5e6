"""Make patterns of SQL's LIKE for the words of a search.

Guarantees that a pattern matches every text that has its word in upper or lower case, also JSON text that escapes some
characters. It may match others, too: `runs/word_search.py` decides. SQLite itself knows the case of ASCII letters only.
See https://www.sqlite.org/lang_expr.html#the_like_glob_regexp_match_and_extract_operators.
"""

import re

_UNCERTAIN = re.compile(r"[^ -~]+|[\"\\/<>&'+=]+")
"""Characters that JSON text may escape, or whose other case SQLite does not know."""


def word_pattern(word: str) -> str:
    """Return the pattern of a word; its escape character is the backslash."""
    parts = (each.replace("%", "\\%").replace("_", "\\_") for each in _UNCERTAIN.split(word))
    return f"%{'%'.join(parts)}%"
