"""Mail folders by path and by id, and the folder picker.

The picker's Id is the form folderPath takes, "Id::<folder id>"; browsing and folderPath take it with and without the prefix.
"""
from ..exchange import Answer, Refusal
from .items import not_found

PREFIX = "Id::"
DEFAULT_TOP = 100
WELL_KNOWN = {"sentitems": "Sent Items", "deleteditems": "Deleted Items", "junkemail": "Junk Email"}
# The display names of a mailbox in another language.
LANGUAGES = {"de": {"Inbox": "Posteingang", "Drafts": "Entwürfe", "Sent Items": "Gesendete Elemente", "Archive": "Archiv",
                    "Deleted Items": "Gelöschte Elemente", "Junk Email": "Junk-E-Mail"}}


class Folders:
    """`language` of the mailbox: None for English."""

    def __init__(self, mailbox, language=None):
        self.mailbox = mailbox
        self.names = LANGUAGES.get(language, {})

    def find(self, path):
        """A folder by display path, by well-known name or by id; None."""
        if path.startswith(PREFIX):
            return self.mailbox.folder("message", path[len(PREFIX):])
        folder = None
        for position, name in enumerate(path.split("/")):
            name = WELL_KNOWN.get(name.lower(), name) if position == 0 else name
            folder = self._named(folder, name)
            if folder is None:
                return self.mailbox.folder("message", path)
        return folder

    def _named(self, parent, name):
        for folder in self.mailbox.folders("message", parent):
            if name.lower() == self.name(folder).lower():
                return folder
        return None

    def well_known(self, name):
        """Whatever the language."""
        return self.mailbox.folder_named("message", None, name)

    def asked(self, request):
        """The folder of folderPath, else the Inbox; a Refusal."""
        path = request.text("folderPath")
        folder = self.find(path) if path else self.well_known("Inbox")
        if folder is None:
            raise Refusal(404, "ErrorItemNotFound", "The specified folder could not be found in the store.")
        return folder

    def name(self, folder):
        return self.names.get(folder.name, folder.name) if folder.parent is None else folder.name

    def path(self, folder):
        above = self.mailbox.folder_at(folder.parent) if folder.parent else None
        return (self.path(above) + "/" if above else "") + self.name(folder)

    # --- the picker

    def open(self, request):
        self._check(request)
        return self._children(request, None)

    def browse(self, request):
        self._check(request)
        id = request.text("id")
        if not id:
            raise Refusal(400, "ErrorInvalidRequest", "The parameter 'id' is required.")
        folder = self.mailbox.folder("message", id[len(PREFIX):] if id.startswith(PREFIX) else id)
        if folder is None:
            raise not_found()
        return self._children(request, folder)

    def _check(self, request):
        """The service has other pickers; here there is the one of mail folders."""
        if request.text("operation") != "MailFolders":
            raise Refusal(400, "ErrorInvalidRequest", "The operation '%s' is not supported." % request.text("operation", ""))

    def _children(self, request, parent):
        top, skip = request.integer("top", DEFAULT_TOP), request.integer("skip", 0)
        return Answer.json(200, {"value": [
            {"Id": PREFIX + folder.id, "DisplayName": self.name(folder), "IsFolder": True, "Path": self.path(folder)}
            for folder in self.mailbox.folders("message", parent)[skip:skip + top]]})
