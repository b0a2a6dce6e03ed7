"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """Bad input: the text names the thing, the value and what to do. Shown without a traceback."""
