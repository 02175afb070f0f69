"""$batch: up to 20 requests in one, each with its own answer, in any order (the last comes first, so that nobody counts on another).

Members that depend on none run at once at the service: as many of them as the option batchAtOnce says are answered, the others get
429. A member that fails leaves no trace; the others do.
"""
import base64
import json

from multidict import CIMultiDict

from ..exchange import Answer, Refusal, Request, dumps

MEMBERS_MAX = 20


class Batch:
    def __init__(self, face):
        self.face = face

    def work(self, request):
        members = self._read(request)
        done, free = {}, self.face.options["batchAtOnce"]
        for member in members:
            depends = member.get("dependsOn") or []
            if any(done[id].status >= 400 for id in depends):
                done[member["id"]] = Answer.json(424, {"error": {"code": "FailedDependency", "message": "A request it depends on failed."}})
                continue
            if not depends:
                free -= 1
            done[member["id"]] = self._member(request, member, throttled=not depends and free < 0)
        return Answer.json(200, {"responses": [self._shown(id, answer) for id, answer in reversed(done.items())]})

    @staticmethod
    def _read(request):
        members = request.json_object().get("requests")
        if not isinstance(members, list) or not members or not all(isinstance(one, dict) for one in members):
            raise Refusal(400, "BadRequest", "Invalid batch payload format.")
        if len(members) > MEMBERS_MAX:
            request.violates("a batch of %d requests" % len(members))
            raise Refusal(400, "BadRequest", "Number of batch request steps exceeds the maximum value of 20.")
        seen = set()
        for one in members:
            if not isinstance(one.get("id"), str) or not one["id"] or one["id"] in seen:
                raise Refusal(400, "BadRequest", "Request ids must be unique strings.")
            if not isinstance(one.get("method"), str) or not isinstance(one.get("url"), str) or not one["url"].startswith("/"):
                raise Refusal(400, "BadRequest", "A request has a method and a relative url.")
            if one.get("body") is not None and not any(name.lower() == "content-type" for name in one.get("headers") or {}):
                request.violates("a batch member with a body and no Content-Type")
                raise Refusal(400, "BadRequest", "Content-Type is required for a request with a body.")
            if not set(one.get("dependsOn") or ()) <= seen:
                raise Refusal(400, "BadRequest", "dependsOn names a request that does not come before.")
            seen.add(one["id"])
        return members

    def _member(self, outer, member, throttled):
        """The answer of one member, under its own faults, in the log as a request of its own."""
        face, sandbox = self.face, self.face.sandbox
        request = self._request(outer, member)
        number, start, fault = sandbox.log.next(), face.mailbox.now(), None
        answer = face.refuse(request) if not throttled else face.refused(request, Refusal(
            429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."))
        if answer is None and request.operation in ("Batch", "Upload"):
            answer = face.refused(request, Refusal(400, "BadRequest", "A batch has no batches in it."))
        if answer is None:
            fault = sandbox.faults.take(face.service, request)
            answer = sandbox.faulty(face, request, fault) if fault and fault.status and not fault.apply else self._work(request)
            if fault and fault.status and fault.apply:
                answer = sandbox.faulty(face, request, fault)
        face.finish(request, answer)
        request.names["batch"] = outer.guid
        sandbox.log.add(face.service, number, start, face.mailbox.now(), request, answer, fault.id if fault else 0)
        return answer

    @staticmethod
    def _request(outer, member):
        body = member.get("body")
        data = b"" if body is None else dumps(body).encode() if not isinstance(body, str) else base64.b64decode(body)
        headers = CIMultiDict({str(name): str(value) for name, value in (member.get("headers") or {}).items()})
        headers.update({"Authorization": outer.headers.get("Authorization", ""), "Content-Length": str(len(data)),
                        "Host": outer.headers.get("Host", "")})
        if member["method"] == "PUT" or headers.get("Content-Type", "").startswith("text/plain"):
            data = data if not isinstance(body, str) else body.encode()  # the body of MIME is base64 itself
        return Request(member["method"], "/v1.0" + member["url"], headers, data, outer.peer)

    def _work(self, request):
        """In a transaction within the batch's."""
        sql = self.face.mailbox.sql
        sql.execute("SAVEPOINT member")
        try:
            answer = self.face.work(request)
        except Refusal as refusal:
            answer = self.face.refused(request, refusal)
        if answer.status >= 400:
            sql.execute("ROLLBACK TO member")
        sql.execute("RELEASE member")
        return answer

    @staticmethod
    def _shown(id, answer):
        shown = {"id": id, "status": answer.status, "headers": dict(answer.headers)}
        if answer.type:
            shown["headers"]["Content-Type"] = answer.type
        if answer.body:
            shown["body"] = (json.loads(answer.body) if answer.type and answer.type.startswith("application/json")
                             else base64.b64encode(answer.body).decode())
        return shown
