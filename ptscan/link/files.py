"""How many files this process may have open: each connection is one, and so is every file of the store. I/O."""


def room_for_files(wanted: int) -> int:
    """Have this process open ``wanted`` files, or as many as it may ask for; returns how many it may open now."""
    import resource  # not on every platform: agents do without

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (wanted if most == resource.RLIM_INFINITY else most for most in (soft, hard))
    if soft >= wanted:
        return soft
    most = min(wanted, max(soft, hard))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):
        return soft
    return most
