"""Contacts: lists, one, change, delete, photo."""
from ..exchange import Answer, Refusal
from . import ident, odata, schema
from .call import Call, pick

NAME_PARTS = ("title", "givenName", "middleName", "surname", "generation")
EMPTY = {"categories": [], "birthday": None, "fileAs": "", "displayName": "", "givenName": None, "initials": None, "middleName": None,
         "nickName": None, "surname": None, "title": None, "yomiGivenName": None, "yomiSurname": None, "yomiCompanyName": None,
         "generation": None, "imAddresses": [], "jobTitle": None, "companyName": None, "department": None, "officeLocation": None,
         "profession": None, "businessHomePage": None, "assistantName": "", "manager": "", "homePhones": [], "mobilePhone": None,
         "businessPhones": [], "spouseName": "", "personalNotes": "", "children": [], "emailAddresses": [], "homeAddress": {},
         "businessAddress": {}, "otherAddress": {}}
EMAILS_MAX = 3
PHOTO_MAX = 4 * 1024 * 1024
SCHEMA = "CREATE TABLE IF NOT EXISTS graph_photo (record INTEGER PRIMARY KEY, content BLOB NOT NULL)"


class Contacts:
    def __init__(self, face):
        self.face, self.mailbox, self.sql = face, face.mailbox, face.mailbox.sql
        self.sql.execute(SCHEMA)

    def shown(self, call, record, select=None):
        document = record.document
        shown = {"@odata.etag": 'W/"%s"' % document["changeKey"], "id": call.id(record), **document}
        shown["parentFolderId"] = self.face.folders.id(self.mailbox.folder_at(record.folder))
        return pick(shown, select)

    def _folder(self, request):
        name = request.names.get("folder")
        return self.face.folders.find("contact", name) if name else self.face.folders.default("contact")

    def list(self, request):
        call, params = Call(self.face, request), request.params
        select = call.select(schema.MEMBERS["contact"])
        pairs = [(record, record.document) for record in self.mailbox.records("contact", self._folder(request), order="arrival")]
        if "$search" in params:
            if "$filter" in params or "$orderby" in params:
                raise Refusal(400, "SearchWithOrderBy", "The query parameter '$orderBy' is not supported with '$search'.")
            words = params["$search"].strip('"').lower().split()
            pairs = [pair for pair in pairs if all(word in pair[0].text.lower() for word in words)][:odata.SEARCH_MAX]
        test = odata.read_filter(params["$filter"], schema.MEMBERS["contact"]) if params.get("$filter") else None
        orders = odata.read_orderby(params["$orderby"], schema.MEMBERS["contact"]) if params.get("$orderby") else []
        odata.check_together(test, orders)
        if test:
            pairs = [pair for pair in pairs if test.fits(pair[1])]
        odata.sort(pairs, orders, key=lambda pair: pair[1])
        return call.page("contacts", pairs, lambda pair: self.shown(call, pair[0], select), top=min(call.top(999), call.prefer.page_size or 999))

    def _named(self, call):
        record = call.record("contact", call.request.names["contact"])
        if "folder" in call.request.names and record.folder != self._folder(call.request).row:
            raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return record

    def get(self, request):
        call = Call(self.face, request)
        return call.entity(200, "contacts", self.shown(call, self._named(call), call.select(schema.MEMBERS["contact"])))

    def create(self, request):
        call = Call(self.face, request)
        record = self.make(self._folder(request), call.body(schema.CONTACT, type_name="contact"))
        return call.entity(201, "contacts", self.shown(call, record))

    def make(self, folder, members):
        number = self.mailbox.next()
        document = self.face.stamp({"createdDateTime": "", "lastModifiedDateTime": "", "changeKey": "", **EMPTY}, created=True)
        self._take(document, members)
        return self.mailbox.add("contact", folder, ident.immutable(number), document, number)

    @staticmethod
    def _take(document, members):
        if len(members.get("emailAddresses") or ()) > EMAILS_MAX:
            raise Refusal(400, "ErrorInvalidRequest", "A contact has at most three e-mail addresses.")
        document.update({name: EMPTY.get(name) if value is None else value for name, value in members.items() if name[0] != "@"})
        if document.get("birthday"):
            document["birthday"] = document["birthday"][:10] + "T11:59:00Z" if "T" not in document["birthday"] else document["birthday"]
        for name in ("emailAddresses",):
            document[name] = [{"name": one.get("name") or one.get("address"), "address": one.get("address")} for one in document[name]]
        if "displayName" not in members and (set(members) & set(NAME_PARTS)):
            document["displayName"] = " ".join(filter(None, (document[part] for part in NAME_PARTS)))

    def update(self, request):
        call = Call(self.face, request)
        record = self._named(call)
        call.check_version(record)
        record = self.change(record, call.body(schema.CONTACT, type_name="contact"))
        return call.entity(200, "contacts", self.shown(call, record))

    def change(self, record, members):
        document = record.document
        before = document["displayName"]
        self._take(document, members)
        names = [name for name in members if name[0] != "@"] + ["displayName"] * (before != document["displayName"])
        return self.mailbox.update(record, self.face.stamp(document), names)

    def delete(self, request):
        call = Call(self.face, request)
        record = self._named(call)
        call.check_version(record)
        self.discard(record)
        return Answer(204)

    def discard(self, record):
        self.sql.execute("DELETE FROM graph_photo WHERE record = ?", (record.row,))
        self.mailbox.remove(record)

    # --- the photo

    def _photo(self, request):
        record = self._named(Call(self.face, request))
        if self.face.personal:
            raise Refusal(400, "ConsumerPhotoIsNotSupported", "Photos of contacts are not supported for personal accounts.")
        row = self.sql.execute("SELECT content FROM graph_photo WHERE record = ?", (record.row,)).fetchone()
        return record, row and row[0]

    def _found(self, request):
        _, content = self._photo(request)
        if content is None:
            raise Refusal(404, "ImageNotFound", "The photo wasn't found.")
        return content

    def photo(self, request):
        self._found(request)
        call = Call(self.face, request)
        return call.entity(200, "contacts/photo", {"@odata.mediaContentType": "image/jpeg", "id": "default", "height": 64, "width": 64})

    def photo_value(self, request):
        return Answer(200, self._found(request), "image/jpeg")

    def set_photo(self, request):
        record, _ = self._photo(request)
        if request.media_type != "image/jpeg":
            raise Refusal(415, "UnsupportedMediaType", "A photo is sent as image/jpeg.")
        if not request.body or len(request.body) >= PHOTO_MAX or request.body[:2] != b"\xff\xd8":
            raise Refusal(400, "ErrorInvalidImage", "A JPEG of less than 4 MB is required.")
        self.sql.execute("REPLACE INTO graph_photo (record, content) VALUES (?, ?)", (record.row, request.body))
        return Answer(200)
