"""Mail folders and contact folders: well-known ones, nested, hidden, search folders; listing, making, renaming, moving, removing.

Both kinds share this: a contact folder is a mail folder without counts, well-known names and moves. The mailbox's folders are below
msgfolderroot; contact folders hang below none, and the default one is in no list.
"""
from ..exchange import Answer, Refusal
from . import ident, odata
from .call import Call, pick

WELL_KNOWN = ("archive", "clutter", "conflicts", "conversationhistory", "deleteditems", "drafts", "inbox", "junkemail", "localfailures",
              "msgfolderroot", "outbox", "recoverableitemsdeletions", "scheduled", "searchfolders", "sentitems", "serverfailures", "syncissues")
NAMES = {  # of the well-known folders, in the mailbox's language
    "en": {"inbox": "Inbox", "drafts": "Drafts", "sentitems": "Sent Items", "deleteditems": "Deleted Items", "archive": "Archive",
           "junkemail": "Junk Email", "outbox": "Outbox", "conversationhistory": "Conversation History", "syncissues": "Sync Issues"},
    "de": {"inbox": "Posteingang", "drafts": "Entwürfe", "sentitems": "Gesendete Elemente", "deleteditems": "Gelöschte Elemente",
           "archive": "Archiv", "junkemail": "Junk-E-Mail", "outbox": "Postausgang", "conversationhistory": "Verlauf der Unterhaltungen",
           "syncissues": "Synchronisierungsprobleme"}}
MAIL_MEMBERS = {"id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden", "isSupported",
                "includeNestedFolders", "sourceFolderIds", "filterQuery"}
CONTACT_MEMBERS = {"id", "displayName", "parentFolderId"}
KIND = {"mailfolders": "message", "contactfolders": "contact"}


def exists():
    return Refusal(409, "ErrorFolderExists", "A folder with the specified name already exists.")


class Folders:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    # --- finding

    def kind(self, request):
        return "contact" if "/contactfolders" in request.path.lower() else "message"

    def well_known(self, name):
        return next((folder for folder in self.mailbox.all_folders("message") if folder.document.get("wellKnown") == name), None)

    def default(self, kind):
        """Where contacts and events are that name no folder."""
        return next(folder for folder in self.mailbox.all_folders(kind) if folder.document.get("default"))

    def find(self, kind, text):
        """By id or, for mail, well-known name; the default contact folder also as "contacts"."""
        if kind == "message" and text.lower() in WELL_KNOWN:
            folder = self.well_known(text.lower())
            if folder is None:
                raise Refusal(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.")
            return folder
        if kind == "contact" and text.lower() == "contacts":
            return self.default("contact")
        for folder in self.mailbox.all_folders(kind):
            if text in (ident.folder(folder.number), ident.folder(folder.number, True)):
                return folder
        if len(text) != 120:
            raise ident.malformed()
        raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")

    def id(self, folder):
        return ident.folder(folder.number, self.face.personal)

    def display_name(self, folder):
        names = NAMES.get(self.face.options["language"], NAMES["en"])
        return names.get(folder.document.get("wellKnown"), folder.name)

    def children(self, kind, parent, hidden):
        return [folder for folder in self.mailbox.folders(kind, parent) if hidden or not folder.document.get("isHidden")]

    # --- as answered

    def shown(self, folder):
        parent = self.mailbox.folder_at(folder.parent) if folder.parent else folder
        shown = {"id": self.id(folder), "displayName": self.display_name(folder), "parentFolderId": self.id(parent)}
        if folder.kind == "contact":
            return shown
        search = folder.document.get("search")
        if search:
            shown = {"@odata.type": "#microsoft.graph.mailSearchFolder", **shown}
        records = self.found(folder) if search else None
        total, unread = (len(records), sum(record.unread for record in records)) if search else self.mailbox.count(folder)
        shown.update(childFolderCount=len(self.children("message", folder, False)), unreadItemCount=unread, totalItemCount=total,
                     isHidden=bool(folder.document.get("isHidden")))
        if search:
            sources = [self.id(self.well_known(name)) for name in search["sources"]]
            shown.update(isSupported=True, includeNestedFolders=search["nested"], sourceFolderIds=sources, filterQuery=search["filter"])
        return shown

    def found(self, folder):
        """The records a search folder shows; they lie elsewhere."""
        search = folder.document["search"]
        sources = [self.well_known(name) for name in search["sources"]]
        if search["nested"]:
            for source in sources:
                sources += self.mailbox.folders("message", source)
        test = odata.read_filter(search["filter"], {"subject", "isRead", "importance", "hasAttachments", "from"})
        return [record for source in sources for record in self.mailbox.records("message", source, descending=True)
                if test.fits(record.document)]

    # --- operations

    def _list(self, request, parent):
        call, kind = Call(self.face, request), self.kind(request)
        folders = self.children(kind, parent, request.boolean("includeHiddenFolders", False))
        folders = [folder for folder in folders if not folder.document.get("default")]
        members = MAIL_MEMBERS if kind == "message" else CONTACT_MEMBERS
        test = request.params.get("$filter") and odata.read_filter(request.params["$filter"], members)
        if test:
            folders = [folder for folder in folders if test.fits(self.shown(folder))]
        select = call.select(members)
        return call.page("mailFolders" if kind == "message" else "contactFolders", folders, lambda folder: pick(self.shown(folder), select))

    def list_top(self, request):
        return self._list(request, self.well_known("msgfolderroot") if self.kind(request) == "message" else None)

    def list_children(self, request):
        return self._list(request, self.find(self.kind(request), request.names["folder"]))

    def get(self, request):
        call, kind = Call(self.face, request), self.kind(request)
        folder = self.find(kind, request.names["folder"])
        select = call.select(MAIL_MEMBERS if kind == "message" else CONTACT_MEMBERS)
        return call.entity(200, "mailFolders" if kind == "message" else "contactFolders", pick(self.shown(folder), select))

    def create(self, request):
        call, kind = Call(self.face, request), self.kind(request)
        parent = (self.find(kind, request.names["folder"]) if "folder" in request.names
                  else self.well_known("msgfolderroot") if kind == "message" else None)
        body = call.body({"displayName": "a string", "isHidden": "a boolean"} if kind == "message" else
                         {"displayName": "a string", "parentFolderId": "a string"}, type_name="mailFolder")
        folder = self.make(kind, parent, self._name(body), {"isHidden": True} if body.get("isHidden") else {})
        return call.entity(201, "mailFolders" if kind == "message" else "contactFolders", self.shown(folder))

    def make(self, kind, parent, name, document=None):
        self._check_free(kind, parent, name)
        number = self.mailbox.next()
        return self.mailbox.add_folder(kind, number, ident.folder(number), name, parent, document)

    @staticmethod
    def _name(body):
        name = body.get("displayName")
        if not name or not name.strip() or len(name) > 255:
            raise Refusal(400, "ErrorInvalidRequest", "The folder's displayName must have 1 to 255 characters.")
        return name

    def _check_free(self, kind, parent, name, but=None):
        for folder in self.mailbox.folders(kind, parent):
            if self.display_name(folder).lower() == name.lower() and (but is None or folder.row != but.row):
                raise exists()

    def _changeable(self, folder, request):
        if folder.document.get("wellKnown") or folder.document.get("default"):
            request.violates("a well-known folder is not renamed, moved or removed")
            raise Refusal(403, "ErrorAccessDenied", "Distinguished folders cannot be changed.")
        return folder

    def update(self, request):
        call, kind = Call(self.face, request), self.kind(request)
        folder = self._changeable(self.find(kind, request.names["folder"]), request)
        body = call.body({"displayName": "a string"}, type_name="mailFolder")
        if "displayName" in body:
            name = self._name(body)
            self._check_free(kind, self.mailbox.folder_at(folder.parent) if folder.parent else None, name, folder)
            folder.name = name
            self.mailbox.update_folder(folder)
        return call.entity(200, "mailFolders" if kind == "message" else "contactFolders", self.shown(folder))

    def move(self, request):
        call = Call(self.face, request)
        folder = self._changeable(self.find("message", request.names["folder"]), request)
        body = call.body({"destinationId": "a string"})
        target = self.find("message", body.get("destinationId") or "")
        self.put_below(folder, target)
        return call.entity(201, "mailFolders", self.shown(folder))

    def put_below(self, folder, target):
        above = target
        while above is not None:
            if above.row == folder.row:
                raise Refusal(409, "ErrorMoveCopyFailed", "A folder cannot be moved into itself.")
            above = self.mailbox.folder_at(above.parent) if above.parent else None
        self._check_free(folder.kind, target, folder.name, folder)
        folder.parent = target.row
        self.mailbox.update_folder(folder)

    def delete(self, request):
        """A mail folder goes into Deleted Items; from there, and a contact folder at once, it is gone with all that is in it."""
        folder = self._changeable(self.find(self.kind(request), request.names["folder"]), request)
        self.discard(folder)
        return Answer(204)

    def discard(self, folder):
        trash = self.well_known("deleteditems")
        if folder.kind == "contact" or self.is_below(folder, trash):
            self.mailbox.remove_folder(folder)
            return
        name, number = folder.name, 1
        while any(self.display_name(other).lower() == folder.name.lower() for other in self.mailbox.folders("message", trash)):
            folder.name, number = "%s%d" % (name, number), number + 1
        self.put_below(folder, trash)

    def is_below(self, folder, above):
        while folder.parent:
            if folder.parent == above.row:
                return True
            folder = self.mailbox.folder_at(folder.parent)
        return False
