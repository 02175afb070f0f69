"""Rates: how many calls a service takes."""
import collections
import time


class Rate:
    """At most `limit` calls in any `window` seconds; 0: no limit."""

    def __init__(self, limit, window=60):
        self.limit, self.window = limit, window
        self.calls = collections.deque()

    def wait(self):
        """Counts a call; 0.0, or after how many seconds there may be another."""
        now = time.monotonic()
        while self.calls and self.calls[0] <= now - self.window:
            self.calls.popleft()
        if self.limit and len(self.calls) >= self.limit:
            return self.calls[0] + self.window - now
        if self.limit:
            self.calls.append(now)
        return 0.0
