"""The one exception whose message is meant for the person at the keyboard."""


class UserError(Exception):
    """Input that cannot be used; the message names the thing and the remedy.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """
