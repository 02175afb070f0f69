"""The /_sandbox endpoints, below the origin and below the connector's base: another client's work, faults, logs, clock, options.

They are neither logged, delayed, counted nor hit by faults, and want the sandbox's token where it has one. Errors are
{"error": text} with status 400 or 404.
"""
from .connector.gateway import BASE_PATH
from .exchange import Answer, Refusal
from .times import fine

PATH = "/_sandbox/"
KINDS = ("contact", "event", "message")
ADVANCE_MAX = 100 * 365 * 24 * 3600


def path_of(path):
    """What follows "/_sandbox"; None for the path of an operation."""
    path = path[len(BASE_PATH):] if path.startswith(BASE_PATH) else path
    return path[len(PATH) - 1:] if path.startswith(PATH) else None


def wrong(words):
    return Refusal(400, "wrong", words)


class Control:
    def __init__(self, sandbox):
        self.sandbox, self.log, self.faults = sandbox, sandbox.log, sandbox.faults
        self.endpoints = {
            ("POST", "/edit"): self.edit, ("GET", "/record"): self.record, ("GET", "/records"): self.records,
            ("POST", "/fault"): self.add_fault, ("GET", "/fault"): lambda request: Answer.json(200, self.faults.list()),
            ("DELETE", "/fault"): self.clear_faults, ("GET", "/log"): self.read_log, ("POST", "/reset-log"): self.reset_log,
            ("GET", "/in-flight"): lambda request: Answer.json(200, dict(sandbox.in_flight)),
            ("GET", "/violations"): lambda request: Answer.json(200, list(self.log.violations)),
            ("DELETE", "/violations"): self.reset_violations, ("GET", "/clock"): self.clock, ("POST", "/clock"): self.advance,
            ("GET", "/option"): self.option, ("POST", "/option"): self.option,
            ("GET", "/login"): lambda request: Answer.json(200, sandbox.login.state()),
            ("POST", "/login"): lambda request: Answer.json(200, sandbox.login.operate(request.json)),
            ("GET", "/subscriptions"): lambda request: Answer.json(200, sandbox.connector.approvals.all()),
            **sandbox.page.endpoints}

    def answer(self, request, path):
        if not self.sandbox.token_fits(request) and not self.sandbox.page.knows(request):
            return Answer.json(401, {"error": "the sandbox's token is required"}, [("WWW-Authenticate", "Bearer")])
        endpoint = self.endpoints.get((request.method, path))
        if endpoint is None:
            return Answer.json(404, {"error": "no such control endpoint"})
        try:
            with self.sandbox.store.transaction():
                return endpoint(request)
        except Refusal as refusal:
            return Answer.json(404 if refusal.status == 404 else 400, {"error": refusal.message})

    # --- records

    def _operator(self, service):
        for face in self.sandbox.faces:
            if face.service == service and getattr(face, "operator", None):
                return face.operator
        raise wrong("service: \"connector\" or \"graph\" is required")

    @staticmethod
    def _kind(kind):
        if kind not in KINDS:
            raise wrong('kind: "contact", "event" or "message" is required')
        return kind

    def edit(self, request):
        body = self._body(request)
        operator, kind, id = self._operator(body.get("service", "connector")), self._kind(body.get("kind")), body.get("id")
        if isinstance(body.get("create"), dict):
            return Answer.json(200, operator.create(kind, body.get("table") or body.get("folder"), body["create"]))
        if body.get("delete") is True:
            operator.delete(kind, id)
            return Answer.json(200, {})
        if isinstance(body.get("move"), str):
            return Answer.json(200, operator.move(kind, id, body["move"]))
        if isinstance(body.get("set"), dict):
            return Answer.json(200, operator.change(kind, id, body["set"]))
        raise wrong("one of create, set, move, delete is required")

    def record(self, request):
        found = self._operator(request.text("service", "connector")).record(self._kind(request.text("kind")), request.text("id", ""))
        return Answer.json(200, found) if found is not None else Answer.json(404, {"error": "no such record"})

    def records(self, request):
        operator = self._operator(request.text("service", "connector"))
        return Answer.json(200, operator.records(self._kind(request.text("kind")), request.text("table")))

    # --- log

    def read_log(self, request):
        return Answer.json(200, self.log.since(request.integer("since", 0)))

    def reset_log(self, request):
        self.log.clear()
        return Answer.json(200, {})

    def reset_violations(self, request):
        self.log.violations.clear()
        return Answer.json(200, {})

    # --- faults

    def add_fault(self, request):
        try:
            return Answer.json(200, {"id": self.faults.add(request.json)})
        except ValueError as error:
            raise wrong(str(error)) from None

    def clear_faults(self, request):
        self.faults.clear()
        return Answer.json(200, {})

    # --- knobs

    def clock(self, request):
        return Answer.json(200, {"now": fine(self.sandbox.store.now())})

    def advance(self, request):
        seconds = self._body(request).get("advanceSeconds")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= ADVANCE_MAX:
            raise wrong("advanceSeconds: a whole number of zero or more is required")
        self.sandbox.store.clock.advance(seconds)
        return self.clock(request)

    def option(self, request):
        """Sets the options the body names and answers all of the service's."""
        body = self._body(request) if request.method == "POST" else {}
        service = body.pop("service", request.text("service", "connector"))
        options = next((face.options for face in self.sandbox.faces if face.service == service and hasattr(face, "options")), None)
        if options is None:
            raise wrong("service: there is no such one with options")
        for name, value in body.items():
            if name not in options:
                raise wrong("%s: no such option" % name)
            if options[name] is not None and type(value) is not type(options[name]):
                raise wrong("%s: a value like %r is required" % (name, options[name]))
        options.update(body)
        return Answer.json(200, options)

    @staticmethod
    def _body(request):
        if not isinstance(request.json, dict):
            raise wrong("a JSON object is required")
        return request.json
