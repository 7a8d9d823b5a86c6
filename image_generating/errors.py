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
