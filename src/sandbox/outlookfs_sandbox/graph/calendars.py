"""Calendars: those the owner may edit and those not, the default one, the one group."""
from .. import owner
from ..exchange import Answer, Refusal
from . import ident
from .call import Call, not_found, pick
from .folders import exists

MEMBERS = {"id", "name", "color", "hexColor", "isDefaultCalendar", "changeKey", "canShare", "canViewPrivateItems", "canEdit", "owner",
           "allowedOnlineMeetingProviders", "defaultOnlineMeetingProvider", "isTallyingResponses", "isRemovable"}
COLORS = ("auto", "lightBlue", "lightGreen", "lightOrange", "lightGray", "lightYellow", "lightTeal", "lightPink", "lightBrown", "lightRed")
GROUP = 0x80  # the number of the one group


class Calendars:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    def id(self, calendar):
        return ident.mutable(calendar.number, calendar.number, personal=self.face.personal)

    def find(self, text):
        _, number, _ = ident.read(text)
        calendar = next((one for one in self.mailbox.all_folders("event") if one.number == number), None)
        if calendar is None:
            raise not_found()
        return calendar

    def of(self, request):
        """The calendar the path names, or the default one."""
        name = request.names.get("calendar")
        return self.find(name) if name else self.face.folders.default("event")

    def shown(self, calendar):
        document = calendar.document
        may_edit, is_default = document.get("canEdit", True), bool(document.get("default"))
        provider = "unknown" if self.face.personal else "teamsForBusiness"
        return {"id": self.id(calendar), "name": calendar.name, "color": document.get("color", "auto"), "hexColor": "",
                "isDefaultCalendar": is_default, "changeKey": ident.ids.change_key(document.get("version", calendar.number)),
                "canShare": is_default, "canViewPrivateItems": True, "canEdit": may_edit,
                "allowedOnlineMeetingProviders": [provider], "defaultOnlineMeetingProvider": provider, "isTallyingResponses": is_default,
                "isRemovable": not is_default, "owner": {"name": owner.NAME, "address": owner.ADDRESS}}

    def list(self, request):
        call = Call(self.face, request)
        select = call.select(MEMBERS)
        return call.page("calendars", self.mailbox.all_folders("event"), lambda calendar: pick(self.shown(calendar), select))

    def groups(self, request):
        call = Call(self.face, request)
        group = {"id": ident.mutable(GROUP, GROUP), "name": "My Calendars", "classId": "0006f0b7-0000-0000-c000-000000000046",
                 "changeKey": ident.ids.change_key(GROUP)}
        return call.page("calendarGroups", [group], lambda one: one)

    def get(self, request):
        call = Call(self.face, request)
        return call.entity(200, "calendars", pick(self.shown(self.of(request)), call.select(MEMBERS)))

    def create(self, request):
        call = Call(self.face, request)
        body = call.body({"name": "a string", "color": COLORS}, type_name="calendar")
        calendar = self.make(self._free_name(body), {"color": body.get("color") or "auto"})
        return call.entity(201, "calendars", self.shown(calendar))

    def make(self, name, document):
        number = self.mailbox.next()
        return self.mailbox.add_folder("event", number, ident.mutable(number, number), name, None, document)

    def _free_name(self, body, but=None):
        name = body.get("name")
        if not name or not name.strip():
            raise Refusal(400, "ErrorInvalidRequest", "A calendar needs a name.")
        if any(one.name.lower() == name.lower() and one.row != but for one in self.mailbox.all_folders("event")):
            raise exists()
        return name

    def update(self, request):
        call = Call(self.face, request)
        calendar = self.of(request)
        body = call.body({"name": "a string", "color": COLORS}, type_name="calendar")
        if "name" in body:
            calendar.name = self._free_name(body, calendar.row)
        calendar.document.update(color=body.get("color") or calendar.document.get("color", "auto"), version=self.mailbox.next())
        self.mailbox.update_folder(calendar)
        return call.entity(200, "calendars", self.shown(calendar))

    def delete(self, request):
        calendar = self.of(request)
        if calendar.document.get("default"):
            raise Refusal(403, "ErrorAccessDenied", "The default calendar is not deleted.")
        self.mailbox.remove_folder(calendar)
        return Answer(204)
