"""Text of others as it may be shown on a terminal or in a log: what cannot be seen stands as an escape.

So nothing steers a terminal, looks like another line, or turns the order of what is read.
"""


def one_line(text: str) -> str:
    """`text` in one line.

    >>> one_line("a\\nb\\x9bc\\u202ed")
    'a\\\\nb\\\\x9bc\\\\u202ed'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def lines(text: str) -> str:
    """`text` with its lines as they are."""
    return "\n".join(map(one_line, text.split("\n")))
