"""The sandbox: what it consists of, and the life of a request.

A face answers for one contract:

    service         its name: in the log, for faults
    owns(path)      the request is for it
    refuse(request) what is refused before anybody looks at the operation (token, rate, unknown path...): an Answer, or None
                    after setting request.operation and request.names
    work(request)   the operation: an Answer, or a Refusal raised. It runs in a transaction that a failure undoes, unless the face
                    keeps_failures: then only one that raises anything else
    refused(request, refusal)   a Refusal in the service's words
    failure(request, status, retry_after)   what the service answers when it fails so; retry_after None: it does not say
    finish(request, answer)     headers that every answer has
    start(), stop()             around the life of the server; stop is a coroutine
    options, operator, view     for control and the page, where it has them

Everything runs in one thread: between two awaits nothing else happens.
"""
import asyncio
import collections
import hmac
import time
import traceback

from . import control, page
from .connector import Connector
from .exchange import Answer, Refusal
from .faults import Faults
from .graph import Graph
from .log import RequestLog
from .login import Login
from .mailbox import Store

TOGETHER_SECONDS = 10


class Undo(Exception):
    """Carries a failure out of the transaction."""

    def __init__(self, answer):
        super().__init__(answer.status)
        self.answer = answer


class Sandbox:
    def __init__(self, options):
        self.options = options
        self.store = Store(options.db)
        self.log = RequestLog(options.log)
        self.faults = Faults()
        self.in_flight = collections.Counter()  # by service
        self.peak = collections.Counter()  # of in_flight since nothing was
        self.arrived = asyncio.Event()  # set when peak grows
        self.origin = self.upload_origin = ""  # "http://127.0.0.1:PORT" once there is one
        self.connector = Connector(self)
        self.login = Login(self)
        self.graph = Graph(self)
        self.faces = [self.connector, self.login, self.graph]
        self.page = page.Page(self)
        self.control = control.Control(self)

    def start(self):
        for face in self.faces:
            face.start()

    async def stop(self):
        for face in self.faces:
            await face.stop()

    async def answer(self, request):
        """The Answer; None: the connection is dropped."""
        path = control.path_of(request.path)
        if path is not None:
            return self.control.answer(request, path)
        if self.page.owns(request):
            return self.page.answer(request)
        face = next((face for face in self.faces if face.owns(request.path)), self.connector)
        request.in_flight = self._enter(face.service)
        try:
            return await self._serve(face, request)
        finally:
            self._leave(face.service)

    def token_fits(self, request):
        """The token of the mailbox: in constant time."""
        if not self.options.token:
            return True
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self.options.token.encode())

    # --- how many at once

    def _enter(self, service):
        self.in_flight[service] += 1
        if self.in_flight[service] > self.peak[service]:
            self.peak[service] = self.in_flight[service]
            self.arrived.set()
            self.arrived = asyncio.Event()
        return self.in_flight[service]

    def _leave(self, service):
        self.in_flight[service] -= 1
        if not self.in_flight[service]:
            self.peak[service] = 0

    async def _together(self, service, count):
        """Until so many requests are in flight at once; how many there are."""
        try:
            async with asyncio.timeout(TOGETHER_SECONDS):
                while self.peak[service] < count:
                    await self.arrived.wait()
        except TimeoutError:
            pass
        return self.peak[service]

    # --- one request

    async def _serve(self, face, request):
        number, start, fault = self.log.next(), time.time_ns(), None
        if self.options.latency:
            await asyncio.sleep(self.options.latency / 1000)
        answer = face.refuse(request)
        if answer is None:
            fault = self.faults.take(face.service, request)
            answer = await self._under_fault(face, request, fault) if fault else self.work(face, request)
        if answer is not None:
            face.finish(request, answer)
            if fault and fault.truncate is not None:
                answer.length = len(answer.body)
                answer.body = answer.body[:fault.truncate]
        self.log.add(face.service, number, start, time.time_ns(), request, answer, fault.id if fault else 0)
        return answer

    def work(self, face, request):
        """The operation in a transaction of its own; one that fails leaves no trace."""
        try:
            with self.store.transaction():
                answer = face.work(request)
                if answer.status >= 400 and not face.keeps_failures:
                    raise Undo(answer)
                return answer
        except Undo as undo:
            return undo.answer
        except Refusal as refusal:
            return face.refused(request, refusal)
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            request.violates("the sandbox failed: %r" % error)
            return face.failure(request, 500, None)

    async def _under_fault(self, face, request, fault):
        await asyncio.sleep(fault.delay / 1000)
        if fault.together:
            request.in_flight = await self._together(face.service, fault.together)
        if fault.drop == "before":
            return None
        answer = None
        if not fault.status or fault.apply:
            answer = self.work(face, request)
        if fault.drop == "after":
            return None
        if fault.status:
            answer = self.faulty(face, request, fault)
        if fault.replace:
            answer.body = answer.body.replace(fault.replace.encode(), fault.by.encode())
        return answer

    def faulty(self, face, request, fault):
        """The answer a fault with a status gives."""
        if fault.body is None:
            answer = face.failure(request, fault.status, fault.retryAfter)
        else:
            answer = Answer(fault.status, fault.body)
            if fault.retryAfter is not None:
                answer.headers.append(("Retry-After", str(fault.retryAfter)))
        for name, value in fault.headers:
            if name.lower() == "content-type":
                answer.type = value
            else:
                answer.headers = [header for header in answer.headers if header[0].lower() != name.lower()]
                answer.headers.append((name, value))
        return answer
