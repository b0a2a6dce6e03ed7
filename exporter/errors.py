"""The errors that are the user's to mend."""


class UserError(Exception):
    """Bad input: the text names the thing, the value and what to do. Shown without a traceback."""


class UsageError(UserError):
    """Wrong usage of the command line or its environment: exit code 2.

    Words that mean nothing here: an unknown flag, a bad value, a name of nothing that there is, flags that
    contradict each other. What was understood and fails (a file, a device, a port) has exit code 1.
    """
