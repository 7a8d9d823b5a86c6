"""What Ctrl-C and SIGTERM do to a training."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator


class Stop:
    """The wish of the person or of the system that a training should end.

    Before the first step there is nothing to finish, and preparing may take minutes, so a signal ends the
    program at once. From then on the first signal is only noted, as a step under way is finished and saved.
    A second one ends the program at once.

    Attributes:
        requested: whether a signal asked for the end.
        stepping: whether a step was taken.
    """

    def __init__(self):
        self.requested = False
        self.stepping = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the signals for as long as the block lasts; in the main thread alone, as Python allows."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        previous = {number: signal.signal(number, self._received) for number in numbers}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _received(self, number, frame):
        if self.stepping and not self.requested:
            self.requested = True
            print("\nStopping after this step; the run is saved.", file=sys.stderr)
        elif number == signal.SIGTERM:
            # The status that a shell gives a program which the signal has ended.
            raise SystemExit(128 + number)
        else:
            raise KeyboardInterrupt
