"""The one exception whose message is meant for the person at the keyboard, and how things are named there."""


class UserError(Exception):
    """Input that cannot be used; the message names the thing and the remedy.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """


def shown(value) -> str:
    """A name as text in which nothing steers a terminal: control characters and broken bytes are escaped.

    Args:
        value: a path or any other thing with a text.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in str(value)
    )


def sentence(error: OSError) -> str:
    """What the system refused, and of which file or folder, as one sentence.

    Args:
        error: as Python raised it; some have no path or no text.
    """
    reason = error.strerror or str(error) or type(error).__name__
    where = [shown(path) for path in (error.filename, error.filename2) if path is not None]
    return f"{' → '.join(where)}: {reason}." if where else f"{reason}."
