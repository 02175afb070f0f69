"""Mailboxes in SQLite: folders, records, attachments, and the feed of changes. No service's words are known here.

    store = Store(path or None)
    mailbox = Mailbox(store, "connector", keys)           # one a service, all in the same file
    with store.transaction():                             # an exception undoes it
        folder = mailbox.folder_named("message", None, "Inbox")
        number = mailbox.next()
        record = mailbox.add("message", folder, id, document)
        mailbox.update(record, document, members=["isRead"])
        mailbox.move(record, other_folder, new_id, document)
        mailbox.remove(record)
        for record in mailbox.records("message", folder, order="sort", descending=True, top=10): record.document
        for change in mailbox.changes("message", folder, since=sequence): ...

A record is a document, in the JSON text its face answers, with what it is listed by beside it. A face says what that is:
keys(kind, document) gives Keys. `number` stays with a record for life; `place` is new each time it comes into a folder; an id
is whatever text the face makes of them. `row` is the order of arrival.

Kinds are the face's own words; folders have the kind of the records in them. Times are nanoseconds since 1970 in UTC.
"""
import contextlib
import json
import sqlite3
from dataclasses import dataclass

from .exchange import dumps
from .times import Clock

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS counter (service TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folder (
  row INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL,
  parent INTEGER, name TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (service, id));
CREATE TABLE IF NOT EXISTS record (
  row INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, kind TEXT NOT NULL, folder INTEGER NOT NULL,
  number INTEGER NOT NULL, place INTEGER NOT NULL, moved INTEGER NOT NULL DEFAULT 0, id TEXT NOT NULL,
  sort INTEGER NOT NULL, modified INTEGER NOT NULL, unread INTEGER NOT NULL, text TEXT NOT NULL,
  UNIQUE (service, id), UNIQUE (service, place));
CREATE INDEX IF NOT EXISTS record_sort ON record (folder, kind, sort);
CREATE INDEX IF NOT EXISTS record_unread ON record (folder, kind, sort) WHERE unread;
CREATE INDEX IF NOT EXISTS record_modified ON record (folder, kind, modified);
CREATE INDEX IF NOT EXISTS record_kind ON record (service, kind);
CREATE TABLE IF NOT EXISTS attachment (
  row INTEGER PRIMARY KEY AUTOINCREMENT, record INTEGER NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL,
  content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS attachment_record ON attachment (record);
CREATE TABLE IF NOT EXISTS change (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, kind TEXT NOT NULL, folder INTEGER NOT NULL,
  record INTEGER NOT NULL, id TEXT NOT NULL, what TEXT NOT NULL, members TEXT);
CREATE INDEX IF NOT EXISTS change_folder ON change (folder, kind, sequence);
"""

RECORD = "SELECT row, kind, folder, number, place, moved, id, sort, modified, unread, text FROM record "
FOLDER = "SELECT row, kind, number, id, parent, name, document FROM folder "
ORDERS = {"sort": "sort", "modified": "modified", "arrival": "row"}


@dataclass
class Keys:
    """What a listing is ordered and restricted by."""
    sort: int = 0
    modified: int = 0
    unread: bool = False


@dataclass
class Folder:
    row: int
    kind: str
    number: int
    id: str
    parent: int | None  # row of the folder above; None at the top
    name: str
    document: dict  # whatever else the face keeps


@dataclass
class Record:
    row: int
    kind: str
    folder: int  # row of its folder
    number: int
    place: int
    moved: bool  # it did not arrive where it lies
    id: str
    sort: int
    modified: int
    unread: bool
    text: str  # the document as JSON

    @property
    def document(self):
        """A fresh copy: change it and hand it to update()."""
        return json.loads(self.text)


@dataclass
class Attachment:
    row: int
    record: int
    number: int
    document: dict
    size: int
    content: bytes | None  # None where it was not asked for


@dataclass
class Change:
    """`what` is "created", "updated", "removed" or "left" (for another folder); `record` the row of the record or, for a change
    of the folders themselves, of the folder; `members` the names of what was changed, None where nobody knows, and for what left or was
    removed the place it had."""
    sequence: int
    kind: str
    folder: int
    record: int
    id: str
    what: str
    members: list | int | None


class Store:
    """The file. A database that fails after it was opened ends the program: without data there is nothing to answer."""

    def __init__(self, path=None):
        self.sql = sqlite3.connect(path or ":memory:", isolation_level=None, cached_statements=256)
        self.sql.executescript(SCHEMA)
        self.clock = Clock()
        newest, = self.sql.execute("SELECT max(modified) FROM record").fetchone()
        self.clock.not_before(newest or 0)
        self.mailboxes = []

    def close(self):
        self.sql.close()

    @contextlib.contextmanager
    def transaction(self):
        """Keeps what the block did, unless it raises."""
        self.sql.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.sql.execute("ROLLBACK")
            for mailbox in self.mailboxes:
                mailbox.load_counter()
            raise
        for mailbox in self.mailboxes:
            mailbox.save_counter()
        self.sql.execute("COMMIT")

    def now(self):
        return self.clock.now()


class Mailbox:
    def __init__(self, store, service, keys):
        self.store, self.sql, self.service, self.keys = store, store.sql, service, keys
        self.load_counter()
        store.mailboxes.append(self)

    # --- numbers

    def load_counter(self):
        row = self.sql.execute("SELECT value FROM counter WHERE service = ?", (self.service,)).fetchone()
        self.counter = self.saved_counter = row[0] if row else 0

    def save_counter(self):
        if self.counter != self.saved_counter:
            self.sql.execute("REPLACE INTO counter (service, value) VALUES (?, ?)", (self.service, self.counter))
            self.saved_counter = self.counter

    def next(self):
        """The next number for ids and versions; none comes twice, also after a restart."""
        self.counter += 1
        return self.counter

    def now(self):
        return self.store.now()

    @property
    def is_empty(self):
        """No folder was ever made."""
        return self.sql.execute("SELECT 1 FROM folder WHERE service = ? LIMIT 1", (self.service,)).fetchone() is None

    # --- folders

    def _folders(self, where, *values):
        return [Folder(*row[:6], json.loads(row[6]))
                for row in self.sql.execute(FOLDER + "WHERE service = ? AND " + where + " ORDER BY row", (self.service, *values))]

    def folders(self, kind, parent=None):
        """The folders below `parent`, at the top without one, in the order they were made."""
        return self._folders("kind = ? AND parent IS ?", kind, parent.row if parent else None)

    def all_folders(self, kind):
        return self._folders("kind = ?", kind)

    def folder(self, kind, id):
        return next(iter(self._folders("kind = ? AND id = ?", kind, id)), None)

    def folder_at(self, row):
        return next(iter(self._folders("row = ?", row)), None)

    def folder_named(self, kind, parent, name):
        """Names compare without regard to ASCII case."""
        return next(iter(self._folders("kind = ? AND parent IS ? AND name = ? COLLATE NOCASE", kind,
                                       parent.row if parent else None, name)), None)

    def add_folder(self, kind, number, id, name, parent=None, document=None):
        row = self.sql.execute("INSERT INTO folder (service, kind, number, id, parent, name, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
                               (self.service, kind, number, id, parent.row if parent else None, name,
                                dumps(document or {}))).lastrowid
        folder = self.folder_at(row)
        self._folder_changed(folder, "created")
        return folder

    def update_folder(self, folder):
        """Stores name, parent and document as they are now."""
        self.sql.execute("UPDATE folder SET parent = ?, name = ?, document = ? WHERE row = ?",
                         (folder.parent, folder.name, dumps(folder.document), folder.row))
        self._folder_changed(folder, "updated")

    def remove_folder(self, folder):
        """With everything in it and below it."""
        for child in self._folders("parent = ?", folder.row):
            self.remove_folder(child)
        for record in self.records(folder.kind, folder):
            self.remove(record)
        self.sql.execute("DELETE FROM folder WHERE row = ?", (folder.row,))
        self._folder_changed(folder, "removed")

    def _folder_changed(self, folder, what):
        """In the feed a folder's changes stand under folder 0."""
        self._note(folder.kind, 0, folder.row, folder.id, what, None)

    def count(self, folder):
        """(records, unread ones) right in the folder."""
        total, unread = self.sql.execute("SELECT count(*), total(unread) FROM record WHERE folder = ?", (folder.row,)).fetchone()
        return total, int(unread)

    # --- records

    def record(self, kind, id):
        return self._record("kind = ? AND id = ?", kind, id)

    def record_placed(self, kind, place):
        """By the number it got when it came into its folder."""
        return self._record("kind = ? AND place = ?", kind, place)

    def record_at(self, row):
        return self._record("row = ?", row)

    def _record(self, where, *values):
        row = self.sql.execute(RECORD + "WHERE service = ? AND " + where, (self.service, *values)).fetchone()
        return Record(*row) if row else None

    def _query(self, kind, folder, unread_only, arrived_only, sort_from, sort_to, modified_after, order, descending, top, skip,
               beyond=None):
        where, values = ["service = ?", "kind = ?"], [self.service, kind]
        for condition, value in (("folder = ?", folder.row if folder else None), ("sort >= ?", sort_from),
                                 ("sort < ?", sort_to), ("modified > ?", modified_after), ("row > ?", beyond)):
            if value is not None:
                where.append(condition)
                values.append(value)
        where += ["unread"] * unread_only + ["NOT moved"] * arrived_only
        direction = "DESC" if descending else "ASC"
        return ("WHERE %s ORDER BY %s %s, row %s LIMIT ? OFFSET ?"
                % (" AND ".join(where), ORDERS[order], direction, direction), (*values, -1 if top is None else top, skip))

    def records(self, kind, folder=None, *, unread_only=False, arrived_only=False, sort_from=None, sort_to=None,
                modified_after=None, beyond=None, order="sort", descending=False, top=None, skip=0):
        """Equal ones by age; only those that arrived after the row `beyond`. Everything is read at once: the caller may change the mailbox meanwhile."""
        where, values = self._query(kind, folder, unread_only, arrived_only, sort_from, sort_to, modified_after, order,
                                    descending, top, skip, beyond)
        return [Record(*row) for row in self.sql.execute(RECORD + where, values).fetchall()]

    def texts(self, kind, folder, *, order="sort", descending=False, top=None, skip=0):
        """As records(), the documents alone, as JSON: the fast way to a page."""
        where, values = self._query(kind, folder, False, False, None, None, None, order, descending, top, skip)
        return [text for text, in self.sql.execute("SELECT text FROM record " + where, values)]

    def add(self, kind, folder, id, document, number=None):
        """A new record; `number` is what next() gave for its id."""
        number = number or self.next()
        keys = self.keys(kind, document)
        row = self.sql.execute("INSERT INTO record (service, kind, folder, number, place, id, sort, modified, unread, text) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               (self.service, kind, folder.row, number, number, id, keys.sort, keys.modified, keys.unread,
                                dumps(document))).lastrowid
        self._note(kind, folder.row, row, id, "created", None)
        return self.record_at(row)

    def update(self, record, document, members=None):
        """`members` are the names of what changed, where the face knows."""
        self._store(record, record.folder, record.place, record.moved, record.id, document)
        self._note(record.kind, record.folder, record.row, record.id, "updated", members)
        return self.record_at(record.row)

    def move(self, record, folder, id, document, place=None):
        """The record lies in another folder, where it did not arrive; `place` is what next() gave for its id."""
        self._store(record, folder.row, place or self.next(), True, id, document)
        self._note(record.kind, record.folder, record.row, record.id, "left", record.place)
        self._note(record.kind, folder.row, record.row, id, "created", None)
        return self.record_at(record.row)

    def _store(self, record, folder, place, moved, id, document):
        keys = self.keys(record.kind, document)
        self.sql.execute("UPDATE record SET folder = ?, place = ?, moved = ?, id = ?, sort = ?, modified = ?, unread = ?, text = ? "
                         "WHERE row = ?",
                         (folder, place, moved, id, keys.sort, keys.modified, keys.unread, dumps(document), record.row))

    def remove(self, record):
        """With its attachments."""
        self.sql.execute("DELETE FROM attachment WHERE record = ?", (record.row,))
        self.sql.execute("DELETE FROM record WHERE row = ?", (record.row,))
        self._note(record.kind, record.folder, record.row, record.id, "removed", record.place)

    # --- attachments

    def add_attachment(self, record, document, content):
        """The face says in the document what its name, its type... are."""
        number = self.next()
        row = self.sql.execute("INSERT INTO attachment (record, number, document, content) VALUES (?, ?, ?, ?)",
                               (record.row, number, dumps(document), content)).lastrowid
        return Attachment(row, record.row, number, document, len(content), content)

    def attachments(self, record, content=False):
        rows = self.sql.execute("SELECT row, record, number, document, length(content), CASE WHEN ? THEN content END "
                                "FROM attachment WHERE record = ? ORDER BY row", (content, record.row))
        return [Attachment(row, owner, number, json.loads(document), size, data)
                for row, owner, number, document, size, data in rows]

    def remove_attachment(self, attachment):
        self.sql.execute("DELETE FROM attachment WHERE row = ?", (attachment.row,))

    def total(self, kind):
        """Records of the kind in all folders."""
        return self.sql.execute("SELECT count(*) FROM record WHERE service = ? AND kind = ?", (self.service, kind)).fetchone()[0]

    # --- the feed of changes

    def _note(self, kind, folder, record, id, what, members):
        self.sql.execute("INSERT INTO change (service, kind, folder, record, id, what, members) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         (self.service, kind, folder, record, id, what, dumps(members) if members is not None else None))

    def sequence(self):
        """Where the feed ends now."""
        return self.sql.execute("SELECT coalesce(max(sequence), 0) FROM change").fetchone()[0]

    def changes(self, kind, folder, since, top=None):
        """What happened in the folder after `since`, oldest first; `folder` None: to the folders of that kind themselves."""
        rows = self.sql.execute("SELECT sequence, kind, folder, record, id, what, members FROM change WHERE service = ? AND "
                                "kind = ? AND folder = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                                (self.service, kind, folder.row if folder else 0, since, -1 if top is None else top)).fetchall()
        return [Change(*row[:6], json.loads(row[6]) if row[6] else None) for row in rows]

    def folders_touched(self, kind, since):
        """[(row, last change, id)] of the folders that changed, or something in them, after `since`, in that order; the id of one that is
        no more."""
        return self.sql.execute("SELECT CASE folder WHEN 0 THEN record ELSE folder END AS row, max(sequence) AS last, "
                                "max(CASE folder WHEN 0 THEN id END) FROM change WHERE service = ? AND kind = ? AND sequence > ? "
                                "GROUP BY row ORDER BY last", (self.service, kind, since)).fetchall()
