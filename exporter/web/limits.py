"""How many connections may come in: as many as the system's files allow, and the devices leave."""

import resource

_MOST = 4096  # connections; each may hold a request and its answer in memory


def connection_limit() -> int:
    """Raise this process's limit of open files to its maximum, and give half of it to scrapers.

    The other half is for the devices, a connection each. A process starts with a low limit for the sake of
    programs that use select(), which this one does not.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else max(min(_MOST, files // 2), 1)
