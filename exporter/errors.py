"""The errors that are the user's to mend."""


class UserError(Exception):
    """Bad input: the text names the thing, the value and what to do. Shown without a traceback."""


class UsageError(UserError):
    """Wrong usage of the command line or its environment: exit code 2.

    That is a value that no flag of its kind could have. A name of nothing that there is, a file or a device
    that cannot be had is a failure: exit code 1.
    """
