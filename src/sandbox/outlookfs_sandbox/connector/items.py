"""The operations on the items of a dataset: events in calendars, contacts in contact folders."""
from .. import owner, times
from ..exchange import JSON, Answer, Refusal
from . import contact, event, odata
from .schema import CONTACT, EVENT, check

DEFAULT_TOP = 256  # the specification's; the later swagger says "all"


def not_found():
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


class Dataset:
    def __init__(self, mailbox, kind, alias, schema, module):
        self.mailbox, self.kind, self.alias, self.schema = mailbox, kind, alias, schema
        self.build, self.touch = module.build, module.touch
        self.is_calendar = kind == "event"

    def folder(self, table):
        """By id, or by the alias of the default one; a Refusal."""
        folder = (self.mailbox.folder_named(self.kind, None, table) if table == self.alias
                  else self.mailbox.folder(self.kind, table))
        if folder is None:
            raise not_found()
        return folder

    def item(self, request):
        """(folder, record) the path names; a Refusal."""
        folder = self.folder(request.names["table"])
        record = self.mailbox.record(self.kind, request.names["id"])
        if record is None or record.folder != folder.row:
            raise not_found()
        return folder, record

    # --- the operations

    def tables(self, request):
        tables = []
        for folder in self.mailbox.folders(self.kind):
            tables.append({"Name": folder.id, "DisplayName": folder.name})
            if self.is_calendar:
                tables[-1]["DynamicProperties"] = {"Owner": {"Name": owner.NAME, "Address": owner.ADDRESS}}
            tables[-1]["items"] = []
        return Answer.json(200, {"value": tables, "@odata.nextLink": None, "@odata.deltaLink": None})

    def list(self, request):
        folder = self.folder(request.names["table"])
        query = Query(self, request)
        page = '{"value":[%s],"@odata.nextLink":null,"@odata.deltaLink":null}' % ",".join(query.texts(folder))
        return Answer(200, page.encode(), JSON)

    def get(self, request):
        return Answer(200, self.item(request)[1].text.encode(), JSON)

    def post(self, request):
        body = request.json_object()
        return Answer.json(201, self.create(self.folder(request.names["table"]), body).document)

    def patch(self, request):
        body = request.json_object()
        folder, record = self.item(request)
        check(self.schema, body)
        old = record.document
        document = self.build(self.mailbox, folder, record.number, body, old)
        # Members outside the schema, which another client put there, stay.
        document.update({name: value for name, value in old.items() if name not in self.schema})
        self.touch(self.mailbox, document)
        return Answer(200, self.mailbox.update(record, document).text.encode(), JSON)

    def delete(self, request):
        self.mailbox.remove(self.item(request)[1])
        return Answer(200)

    def create(self, folder, body):
        """The record a body makes; a Refusal."""
        check(self.schema, body)
        number = self.mailbox.next()
        document = self.build(self.mailbox, folder, number, body)
        self.touch(self.mailbox, document)
        return self.mailbox.add(self.kind, folder, document["Id"], document, number)


class Query:
    """$top, $skip, $filter and $orderby of a request; a Refusal. Plain pages are SQLite's; only $filter and an $orderby without an
    index look into documents."""

    def __init__(self, dataset, request):
        self.dataset = dataset
        self.top, self.skip = request.integer("$top", DEFAULT_TOP), request.integer("$skip", 0)
        text, order = request.text("$filter"), request.text("$orderby")
        self.matches = odata.read_filter(dataset.schema, text) if text else None
        self.key = odata.read_order(dataset.schema, order) if order else None
        self.index = self._index(order)

    def _index(self, order):
        """How SQLite has the order; None where it has not."""
        if order is None:
            return {"order": "sort", "descending": self.dataset.is_calendar}
        name, *direction = order.split()
        columns = {"DateTimeLastModified": "modified", "LastModifiedDateTime": "modified"}
        if self.dataset.is_calendar:
            columns["Start"] = "sort"
        if name not in columns:
            return None
        return {"order": columns[name], "descending": [word.lower() for word in direction] == ["desc"]}

    def texts(self, folder):
        """The documents of the page as JSON."""
        mailbox, kind = self.dataset.mailbox, self.dataset.kind
        if self.index and not self.matches:
            return mailbox.texts(kind, folder, top=self.top, skip=self.skip, **self.index)
        records = mailbox.records(kind, folder, **(self.index or {"descending": self.dataset.is_calendar}))
        found = [(record.document, record.text) for record in records]
        if self.matches:
            found = [one for one in found if self.matches(one[0])]
        if not self.index:
            found.sort(key=lambda one: self.key(one[0]))
        return [text for _, text in found[self.skip:self.skip + self.top]]


def calendars(mailbox):
    return Dataset(mailbox, "event", "Calendar", EVENT, event)


def contacts(mailbox):
    return Dataset(mailbox, "contact", "Contacts", CONTACT, contact)


def sort_time(kind, document):
    """What a listing of events is ordered by; contacts stay in the order they came."""
    return (times.parse(document.get("Start")) or 0) if kind == "event" else 0
