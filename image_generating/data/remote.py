"""A file on a web server, read in ranges as if it were on disk."""

import io
import time

ATTEMPTS = 5
TIMEOUT = (10, 30)  # seconds to connect, and between two arrivals of data
SKIP = 4 << 20  # bytes: a shorter gap is read and thrown away, as a new request takes longer
BUFFER = 1 << 20  # bytes


def open(url: str, size: int) -> io.BufferedReader:
    """The file at an address as a seekable binary file.

    Reading on without seeking stays in one request, and a broken connection is taken up where it broke.

    Args:
        url: address of a file whose server accepts ranges.
        size: its length in bytes.
    """
    return io.BufferedReader(RemoteFile(url, size), BUFFER)


class RemoteFile(io.RawIOBase):
    """The unbuffered file; use `open`."""

    def __init__(self, url: str, size: int):
        import requests

        self._url, self._size, self._position = url, size, 0
        self._session = requests.Session()
        self._response, self._response_position = None, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves the position, without a request yet."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer) -> int:
        """Reads up to `len(buffer)` bytes.

        Raises:
            requests.RequestException: the server refuses, or stays away for several attempts.
        """
        import requests
        import urllib3

        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        for attempt in range(ATTEMPTS):
            try:
                self._connect()
                data = self._response.raw.read(wanted)
                if data:
                    buffer[: len(data)] = data
                    self._position += len(data)
                    self._response_position = self._position
                    return len(data)
            except requests.HTTPError as error:
                if error.response.status_code < 500 or attempt == ATTEMPTS - 1:
                    raise
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
                if attempt == ATTEMPTS - 1:
                    raise
            self._disconnect()
            time.sleep(0.5 * 2**attempt)
        raise requests.ConnectionError("the server keeps closing the connection")

    def close(self) -> None:
        """Ends the connection."""
        self._disconnect()
        self._session.close()
        super().close()

    def _connect(self) -> None:
        """Makes the open response stand at the position, by reading on or by a new request."""
        gap = self._position - self._response_position
        if self._response is not None and 0 <= gap <= SKIP:
            skipped = len(self._response.raw.read(gap)) if gap else 0
            if skipped == gap:
                self._response_position = self._position
                return
        self._disconnect()
        headers = {"Range": f"bytes={self._position}-", "Accept-Encoding": "identity"}
        self._response = self._session.get(self._url, headers=headers, stream=True, timeout=TIMEOUT)
        self._response.raise_for_status()
        self._response_position = self._position

    def _disconnect(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None
