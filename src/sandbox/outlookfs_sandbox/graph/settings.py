"""mailboxSettings, the owner, and ids in another form."""
import json
from datetime import timedelta

from .. import owner
from ..exchange import Answer, Refusal, dumps
from . import ident, schema
from .call import Call, pick
from .zones import pair, read_pair, utc, zone_of

SCHEMA = "CREATE TABLE IF NOT EXISTS graph_settings (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL)"
DEFAULTS = {
    "automaticRepliesSetting": {"status": "disabled", "externalAudience": "all", "internalReplyMessage": "", "externalReplyMessage": ""},
    "timeZone": "W. Europe Standard Time", "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly", "dateFormat": "dd.MM.yyyy",
    "timeFormat": "HH:mm", "language": {"locale": "en-US", "displayName": "English (United States)"}, "userPurpose": "user",
    "workingHours": {"daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"], "startTime": "08:00:00.0000000",
                     "endTime": "17:00:00.0000000", "timeZone": {"name": "W. Europe Standard Time"}}}
MEMBERS = {*DEFAULTS, "archiveFolder"}
FORMS = ("entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId")


class Settings:
    def __init__(self, face):
        self.face, self.mailbox, self.sql = face, face.mailbox, face.mailbox.sql
        self.sql.execute(SCHEMA)

    def read(self):
        row = self.sql.execute("SELECT text FROM graph_settings").fetchone()
        settings = json.loads(row[0]) if row else json.loads(dumps(DEFAULTS))
        today = utc(self.mailbox.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        replies, tomorrow = settings["automaticRepliesSetting"], today + timedelta(days=1)
        replies.setdefault("scheduledStartDateTime", pair(tomorrow))
        replies.setdefault("scheduledEndDateTime", pair(tomorrow + timedelta(days=1)))
        return {"archiveFolder": self.face.folders.id(self.face.folders.well_known("archive")), **settings}

    def get(self, request):
        call = Call(self.face, request)
        return call.entity(200, "mailboxSettings", pick(self.read(), call.select(MEMBERS, ())))

    def get_replies(self, request):
        return Call(self.face, request).entity(200, "mailboxSettings/automaticRepliesSetting", self.read()["automaticRepliesSetting"])

    def update(self, request):
        call, settings = Call(self.face, request), self.read()
        body = call.body(schema.SETTINGS, type_name="mailboxSettings")
        if body.get("timeZone"):
            try:
                zone_of(body["timeZone"])
            except Refusal:
                raise Refusal(400, "InvalidTimeZone", "The time zone '%s' is not known." % body["timeZone"]) from None
        for name, value in body.items():
            if name == "automaticRepliesSetting":
                settings[name] = {**settings[name], **(value or {})}
                self._check_times(settings[name])
            elif name[0] != "@":
                settings[name] = value
        settings.pop("archiveFolder")
        self.sql.execute("REPLACE INTO graph_settings (id, text) VALUES (1, ?)", (dumps(settings),))
        return call.entity(200, "mailboxSettings", {"archiveFolder": self.read()["archiveFolder"], **settings})

    @staticmethod
    def _check_times(replies):
        if replies["status"] == "scheduled" and read_pair(replies["scheduledEndDateTime"]) <= read_pair(replies["scheduledStartDateTime"]):
            raise Refusal(400, "ErrorInvalidTimeSettings", "The end of the schedule must be after its start.")

    # --- the owner

    def user(self, request):
        call = Call(self.face, request)
        address = owner.ADDRESS if not self.face.personal else "robin.berger@outlook.com"
        user = {"id": owner.ID, "displayName": owner.NAME, "givenName": owner.NAME.split()[0], "surname": owner.NAME.split()[1],
                "mail": address, "userPrincipalName": address, "businessPhones": [], "jobTitle": None, "mobilePhone": None,
                "officeLocation": None, "preferredLanguage": None}
        answer = pick(user, call.select(set(user)))
        return Answer.json(200, {"@odata.context": call.context("users/$entity"), **answer})

    def translate(self, request):
        """Between the mutable and the immutable form; a bad id has its error in its place."""
        call = Call(self.face, request)
        body = call.body({"inputIds": ["a string"], "sourceIdType": FORMS, "targetIdType": FORMS})
        if not body.get("inputIds") or len(body["inputIds"]) > 1000:
            raise Refusal(400, "ErrorInvalidRequest", "inputIds: 1 to 1,000 are taken.")
        call.prefer.immutable = "mmutable" in (body.get("targetIdType") or "")
        return Answer.json(200, {"@odata.context": call.context("Collection(microsoft.graph.convertIdResult)"),
                                 "value": [self._translated(call, id) for id in body["inputIds"]]})

    @staticmethod
    def _translated(call, id):
        try:
            for kind in ("message", "event", "contact"):
                try:
                    return {"sourceId": id, "targetId": call.id(*call.find(kind, id))}
                except Refusal as refusal:
                    if refusal.status != 404:
                        raise
            raise ident.malformed()
        except Refusal as refusal:
            return {"sourceId": id, "targetId": None, "errorDetails": {"code": refusal.code, "message": refusal.message}}
