"""The request log: what was asked and answered, one JSON object a request, and what the contracts do not allow.

Numbers go on when the log is forgotten. Tokens are never in it: no header but the two that steer the work is logged, and a body only
where it is JSON.
"""
import collections
import os
import sys

from .exchange import dumps
from .times import coarse

LINES_MAX = 100_000
BODY_MAX = 1_000_000


class RequestLog:
    def __init__(self, path=None):
        self.lines = collections.deque(maxlen=LINES_MAX)
        self.violations = collections.deque(maxlen=LINES_MAX)
        self.last = 0
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600) if path else None

    def next(self):
        self.last += 1
        return self.last

    def add(self, service, number, start, now, request, answer, fault_id):
        """`answer` None: the connection was dropped. Times in nanoseconds."""
        line = {"n": number, "time": coarse(start), "ms": (now - start) / 1e6, "service": service, "method": request.method,
                "path": request.path, "query": request.query, "status": answer.status if answer else 0,
                "operation": request.operation, **request.names}
        big = len(request.body) > BODY_MAX
        line["body"] = None if big else request.json
        if big:
            line["bodyOmitted"] = True
        line.update(requestBytes=len(request.body), responseBytes=len(answer.body) if answer else 0, inFlight=request.in_flight)
        for member, header in (("prefer", "Prefer"), ("if_match", "If-Match")):
            if header in request.headers:
                line[member] = ", ".join(request.headers.getall(header))
        if fault_id:
            line["fault"] = fault_id
        self._keep(line)
        for what in request.violations:
            self.violations.append({"n": number, "service": service, "operation": request.operation, "method": request.method,
                                    "path": request.path, "what": what})

    def _keep(self, line):
        self.lines.append(line)
        if self.file is None:
            return
        try:
            os.write(self.file, (dumps(line) + "\n").encode())
        except OSError as error:  # a full disk costs the line, not the answer
            print("outlookfs-sandbox: request log: %s" % error.strerror, file=sys.stderr)

    def since(self, number):
        return [line for line in self.lines if line["n"] > number]

    def clear(self):
        self.lines.clear()
