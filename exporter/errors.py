"""The errors that are the user's to mend."""


class UserError(Exception):
    """Bad input: the text names the thing, the value and what to do. Shown without a traceback."""


class UsageError(Exception):
    """Wrong usage of the command line or its environment: exit code 2."""
