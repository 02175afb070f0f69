"""The mailbox a fresh database gets: folders, and as many contacts, events and messages as were asked for."""
from .. import ids, owner, times, words
from ..seed import EPOCH, FILES, MIDNIGHT, Seed
from . import message

DAY = 86400
MAIL_FOLDERS = ("Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email", "Projects 2026/2027")
CALENDARS = ("Calendar", "Birthdays", 'Team: "Köln/Lyon" & friends')
CONTACT_FOLDERS = ("Contacts", "Customers/Suppliers")


def fill(connector, counts):
    mailbox, seed = connector.mailbox, Seed()
    _folders(mailbox)
    _contacts(connector, seed, counts["contacts"])
    _events(connector, seed, counts["events"])
    mailbox.store.clock.pretended = None
    _messages(connector, seed, counts["messages"])


# --- folders

def _folders(mailbox):
    numbers = iter(range(0x101, 0x200))

    def add(kind, name, parent=None):
        number = next(numbers)
        id = ids.item(number, number - 0x100) if kind == "event" else ids.folder(number)
        return mailbox.add_folder(kind, number, id, name, parent)

    add("message", "Support", add("message", "Inbox"))
    for kind, names in (("message", MAIL_FOLDERS), ("event", CALENDARS), ("contact", CONTACT_FOLDERS)):
        for name in names:
            add(kind, name)


# --- contacts

def _contacts(connector, seed, count):
    mailbox = connector.mailbox
    for name, number, age in (("Contacts", count, lambda i: 400 * DAY - i * 400 * DAY // (count + 1)),
                              ("Customers/Suppliers", 3 if count else 0, lambda i: (i + 1) * DAY)):
        folder = mailbox.folder_named("contact", None, name)
        for i in range(number):
            contact = _contact(seed)
            seed.moment(mailbox.store.clock, age(i))
            connector.contacts.create(folder, contact)


def _contact(seed):
    contact = _spelt(seed.contact())
    if "MobilePhone" in contact:
        contact["MobilePhone1"] = contact.pop("MobilePhone")
    if "Birthday" in contact:
        contact["Birthday"] = contact["Birthday"].replace("Z", "+00:00")
    return contact


def _spelt(value):
    """With names of members as the connector has them."""
    if isinstance(value, list):
        return [_spelt(one) for one in value]
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _spelt(one) for name, one in value.items()}
    return value


# --- events

def _events(connector, seed, count):
    mailbox = connector.mailbox

    def store(calendar, event, age):
        folder = mailbox.folder_named("event", None, calendar)
        seed.moment(mailbox.store.clock, age)
        connector.calendars.create(folder, event)

    for i in range(count):
        if i == 0:
            event = _series(seed, "Team weekly", MIDNIGHT - 28 * DAY + 9 * 3600, {"Type": "Weekly", "DaysOfWeek": ["Monday"]},
                            {"Type": "NoEnd"})
        elif i == 7:
            event = _series(seed, "Daily build check", MIDNIGHT + 7 * 3600 + 1800, {"Type": "Daily"},
                            {"Type": "Numbered", "NumberOfOccurrences": 10})
        else:
            event = _meeting(seed, i)
        store("Calendar", event, 60 * DAY - i * 60 * DAY // (count + 1))
    if not count:
        return
    for i, name in enumerate(("Åsa", "山田", "Zoé")):
        store("Birthdays", dict(_event("Birthday of " + name, MIDNIGHT + (i * 17 + 3) * DAY, DAY), IsAllDay=True), 90 * DAY)
    for i in range(2):
        store(CALENDARS[2], _meeting(seed, i), 30 * DAY)


def _event(subject, start, seconds):
    return {"Subject": subject, "Start": times.coarse(start * times.SECOND), "End": times.coarse((start + seconds) * times.SECOND),
            "Importance": "Normal"}


def _meeting(seed, i):
    day, hour = seed.below(120) - 40, 8 + seed.below(9)
    if i % 6 == 3:
        event = _event(seed.word(words.HOLIDAYS), MIDNIGHT + day * DAY, (1 + seed.below(3)) * DAY)
        return dict(event, IsAllDay=True, ShowAs="Oof")
    event = _event(seed.word(words.MEETINGS), MIDNIGHT + day * DAY + hour * 3600, 1800 * (1 + seed.below(4)))
    event.update(ShowAs="Tentative" if seed.chance(15) else "Busy", Location={"DisplayName": seed.word(words.ROOMS)},
                 Body={"ContentType": "Text", "Content": seed.word(words.SENTENCES)})
    if seed.chance(60):
        event["Attendees"] = _attendees(seed, 1 + seed.below(5))
    if seed.chance(20):
        event["Categories"] = [seed.word(words.CATEGORIES)]
    return event


def _series(seed, subject, start, pattern, span):
    return dict(_event(subject, start, 1800), ShowAs="Busy", Attendees=_attendees(seed, 4),
                Recurrence={"Pattern": {"Interval": 1, **pattern}, "Range": span})


def _attendees(seed, count):
    return [{**_spelt(one), "Type": one["type"].capitalize()} for one in seed.attendees(count)]


# --- messages: threads of one to four, newest at the epoch, some unread, some with files

class Thread:
    """The one that still gets messages."""

    def __init__(self):
        self.subject, self.conversation, self.left = None, None, 0

    def open(self, seed):
        if self.left:
            self.left -= 1
        else:
            self.subject, self.conversation = seed.word(words.SUBJECTS), None
            self.left = seed.below(4)


def _messages(connector, seed, count):
    folders, thread = connector.folders, Thread()
    inbox = folders.well_known("Inbox")
    for i in range(count):
        thread.open(seed)
        _received(connector, seed, inbox, thread, i, (count - i) * 2437)
    if not count:
        return
    support = connector.mailbox.folder_named("message", inbox, "Support")
    others = [support] + [folders.well_known(name) for name in ("Archive", "Junk Email", "Deleted Items")]
    for i in range(2 * len(others)):
        thread.left = 0
        thread.open(seed)
        _received(connector, seed, others[i // 2], thread, 30 + i, (i + 1) * 80000)
    for i in range(4):
        _sent(connector, seed, i, (i + 1) * 50000)
    _received(connector, seed, folders.well_known(MAIL_FOLDERS[-1]), thread, 34, 123456)


def _received(connector, seed, folder, thread, i, age):
    is_html, first = i % 7 != 6, thread.conversation is None
    body = seed.page(i) if is_html else seed.sentences()
    cc = ";".join((seed.person().address, seed.person().address)) if seed.chance(30) else None
    if first:
        thread.conversation = ids.conversation(connector.mailbox.next())
    _add(connector, folder, i, message.Draft(
        sender=seed.person().address, to=owner.ADDRESS, cc=cc, subject=thread.subject if first else "RE: " + thread.subject,
        body=body, html=is_html, importance=2 if i % 11 == 2 else 0 if i % 13 == 3 else 1, read=i % 3 != 0,
        received=(EPOCH - age) * times.SECOND, conversation=thread.conversation))


def _sent(connector, seed, i, age):
    body = seed.page(0)
    _add(connector, connector.folders.well_known("Sent Items"), i, message.Draft(
        to=seed.person().address, subject=seed.word(words.SUBJECTS), body=body, read=True, received=(EPOCH - age) * times.SECOND))


def _add(connector, folder, i, draft):
    draft.files = [message.File(name, content, type, content_id, content_id is not None)
                   for name, type, content_id, content in FILES.get(i % 25, ())]
    message.add(connector.mailbox, folder, draft)
