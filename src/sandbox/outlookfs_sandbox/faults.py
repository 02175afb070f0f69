"""Faults: what goes wrong on purpose. They queue up; the first that matches a request hits it.

A fault is what POST /_sandbox/fault was given, checked by Fault(spec): which requests it matches (service, operation, method,
path), how often (after, count), and what happens: delay, together, drop, replace, status (with headers, body, truncate), apply.
docs/outlookfs-sandbox.1 describes each member.
"""
import base64
import binascii
import itertools
import re
from dataclasses import dataclass, field, fields

MEMBERS = {"service": str, "operation": str, "method": str, "path": str, "after": int, "count": int, "delay": int, "together": int,
           "drop": str, "replace": str, "by": str, "status": int, "retryAfter": (int, float, str), "headers": (dict, list),
           "body": str, "bodyBase64": str, "truncate": int, "apply": bool}


@dataclass
class Fault:
    service: str = "*"
    operation: str = "*"
    method: str = "*"
    path: str = ""  # a regular expression that is searched for in the target
    after: int = 0  # so many matching requests pass first
    count: int = 1  # 0: until the queue is cleared
    delay: int = 0  # ms
    together: int = 0  # waits until so many requests are in flight
    drop: str = ""  # "before" or "after" the work
    replace: str = ""
    by: str = ""
    status: int = 0
    retryAfter: object = None
    headers: list = field(default_factory=list)
    body: bytes = None  # None: the service's own words for the status
    truncate: int = None  # bytes of the body that are sent before the connection closes
    apply: bool = False  # the work is done before the status is answered
    id: int = 0

    @classmethod
    def read(cls, spec):
        """ValueError says what is wrong."""
        if not isinstance(spec, dict):
            raise ValueError("a JSON object is required")
        for name, value in spec.items():
            if name not in MEMBERS:
                raise ValueError("%s: no such member of a fault" % name)
            if not isinstance(value, MEMBERS[name]) or isinstance(value, bool) != (MEMBERS[name] is bool):
                raise ValueError("%s: a value of another type is required" % name)
        members = {name: value for name, value in spec.items() if name in {f.name for f in fields(cls)}}
        if "body" in members:
            members["body"] = members["body"].encode()
        if "bodyBase64" in spec:
            try:
                members["body"] = base64.b64decode(spec["bodyBase64"], validate=True)
            except binascii.Error:
                raise ValueError("bodyBase64: not base64") from None
        headers = members.get("headers", [])
        members["headers"] = [(str(n), str(v)) for n, v in (headers.items() if isinstance(headers, dict) else headers)]
        fault = cls(**members)
        fault._check()
        return fault

    def _check(self):
        if self.drop not in ("", "before", "after"):
            raise ValueError('drop: "before" or "after" is required')
        if self.status and not (400 <= self.status <= 599 or (self.body is not None and 200 <= self.status <= 399)):
            raise ValueError("status: 400 to 599, or 200 to 399 with a body, is required")
        if not (self.status or self.drop or self.delay or self.together or self.replace or self.truncate is not None):
            raise ValueError("one of status, drop, delay, replace, together, truncate is required")
        for name in ("after", "count", "delay", "together", "truncate"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError("%s: a number of zero or more is required" % name)
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError("path: no regular expression: %s" % error) from None

    def matches(self, service, request):
        return (self.service in ("*", service) and self.operation in ("*", request.operation)
                and self.method in ("*", request.method) and (not self.path or re.search(self.path, request.target)))


class Faults:
    def __init__(self):
        self.queue = []
        self.ids = itertools.count(1)

    def add(self, spec):
        """The fault's id; ValueError says what is wrong."""
        try:
            fault = Fault.read(spec)
        except re.error as error:
            raise ValueError("path: %s" % error) from None
        fault.id = next(self.ids)
        self.queue.append(fault)
        return fault.id

    def take(self, service, request):
        """The fault that hits this request, or None."""
        for fault in self.queue:
            if not fault.matches(service, request):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.count > 0:
                fault.count -= 1
                if not fault.count:
                    self.queue.remove(fault)
            return fault
        return None

    def list(self):
        return [{"id": fault.id, "operation": fault.operation, "left": fault.count or -1} for fault in self.queue]

    def clear(self):
        self.queue.clear()
