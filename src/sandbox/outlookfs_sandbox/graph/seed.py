"""The mailbox of Graph that is invented at the first request: the connector's kind of mail, events and contacts, in Graph's shapes, and
what only Graph has: hidden folders, a search folder, contact folders below others, a calendar that cannot be edited, drafts, attached
items and references, an invitation, a photo."""
from .. import owner, times, words
from ..seed import FILES, MIDNIGHT, Seed
from .mime import recipient

DAY = 86400
ROOT = ("inbox", "drafts", "sentitems", "deleteditems", "archive", "junkemail", "outbox", "conversationhistory")
HIDDEN = ("conflicts", "localfailures", "serverfailures", "recoverableitemsdeletions", "scheduled", "clutter")
PHOTO = bytes.fromhex(  # a grey JPEG of one pixel
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc4001400010000000000000000000000000000"
    "0009ffc40014100100000000000000000000000000000000ffda0008010100003f0037ffd9")


def fill(face, counts):
    seed = Seed()
    _folders(face)
    _contacts(face, seed, counts["contacts"])
    _events(face, seed, counts["events"])
    _messages(face, seed, counts["messages"])
    face.mailbox.store.clock.pretended = None


def _folders(face):
    make = face.folders.make
    root = make("message", None, "Top of Information Store", {"wellKnown": "msgfolderroot"})
    made = {name: make("message", root, name, {"wellKnown": name}) for name in ROOT}
    make("message", made["inbox"], "Support")
    make("message", root, "Projects 2026/2027")
    make("message", root, "Teams messages", {"isHidden": True})
    issues = make("message", root, "syncissues", {"wellKnown": "syncissues", "isHidden": True})
    for name in HIDDEN:
        make("message", issues if name.endswith(("failures", "conflicts")) else root, name, {"wellKnown": name, "isHidden": True})
    make("message", root, "searchfolders", {"wellKnown": "searchfolders", "isHidden": True})
    make("message", made["inbox"], "Unread mail", {"search": {"sources": ["inbox"], "nested": True, "filter": "isRead eq false"}})
    make("contact", None, "Contacts", {"default": True})
    make("contact", make("contact", None, "Customers/Suppliers"), "Former")
    face.calendars.make("Calendar", {"default": True})
    face.calendars.make("Birthdays", {"canEdit": False, "color": "lightBlue"})
    face.calendars.make('Team: "Köln/Lyon" & friends', {"color": "lightGreen"})


def _contacts(face, seed, count):
    folders = face.folders
    places = [(folders.default("contact"), count), *((folder, 2 if count else 0) for folder in face.mailbox.all_folders("contact")[1:])]
    for folder, number in places:
        for i in range(number):
            members = seed.contact()
            seed.moment(face.mailbox.store.clock, (number - i) * DAY)
            record = face.contacts.make(folder, members)
            if i == 1:
                face.mailbox.sql.execute("INSERT INTO graph_photo (record, content) VALUES (?, ?)", (record.row, PHOTO))


# --- events

def _events(face, seed, count):
    if not count:
        return
    main, birthdays, team = face.mailbox.all_folders("event")
    for i in range(count):
        seed.moment(face.mailbox.store.clock, 60 * DAY - i * 60 * DAY // (count + 1))
        if i == 0:
            face.events.make(main, _series(seed, "Team weekly", -28, "09:00", "W. Europe Standard Time", {
                "type": "weekly", "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"}, {"type": "noEnd"}))
        elif i == 7:
            face.events.make(main, _series(seed, "Daily build check", 0, "07:30", "UTC", {"type": "daily"},
                                           {"type": "numbered", "numberOfOccurrences": 10}))
        elif i == 4:
            boss = seed.person()
            face.events.make(main, {**_meeting(seed, i), "attendees": seed.attendees(2) + [
                {"type": "required", "emailAddress": {"name": owner.NAME, "address": owner.ADDRESS}}]}, isOrganizer=False,
                organizer=recipient("%s %s" % (boss.given, boss.surname), boss.address),
                responseStatus={"response": "notResponded", "time": "0001-01-01T00:00:00Z"})
        else:
            face.events.make(main, _meeting(seed, i))
    for i, name in enumerate(("Åsa", "山田", "Zoé")):
        face.events.make(birthdays, {"subject": "Birthday of " + name, "isAllDay": True, "showAs": "free",
                                     **_times(i * 17 + 3, "00:00", 1440, "UTC")})
    for i in range(2):
        face.events.make(team, _meeting(seed, i))


def _times(day, clock, minutes, zone):
    hour, minute = map(int, clock.split(":"))
    start = (MIDNIGHT + day * DAY + hour * 3600 + minute * 60) * times.SECOND
    return {"start": {"dateTime": times.plain(start), "timeZone": zone},
            "end": {"dateTime": times.plain(start + minutes * 60 * times.SECOND), "timeZone": zone}}


def _meeting(seed, i):
    day, hour = seed.below(120) - 40, 8 + seed.below(9)
    if i % 6 == 3:
        return {"subject": seed.word(words.HOLIDAYS), "isAllDay": True, "showAs": "oof", **_times(day, "00:00", 1440 * (1 + seed.below(3)), "UTC")}
    event = {"subject": seed.word(words.MEETINGS), "showAs": "tentative" if seed.chance(15) else "busy",
             "location": {"displayName": seed.word(words.ROOMS)}, "body": {"contentType": "text", "content": seed.word(words.SENTENCES)},
             **_times(day, "%02d:00" % hour, 30 * (1 + seed.below(4)), ("UTC", "W. Europe Standard Time", "America/New_York")[i % 3])}
    if seed.chance(60):
        event["attendees"] = seed.attendees(1 + seed.below(5))
    if seed.chance(20):
        event["categories"] = [seed.word(words.CATEGORIES)]
    return event


def _series(seed, subject, day, clock, zone, pattern, extent):
    return {"subject": subject, "showAs": "busy", "attendees": seed.attendees(4), **_times(day, clock, 30, zone),
            "recurrence": {"pattern": {"interval": 1, **pattern}, "range": extent}}


# --- messages

def _messages(face, seed, count):
    if not count:
        return
    folders = face.folders
    inbox = folders.well_known("inbox")
    for i in range(count):
        _received(face, seed, inbox, i, (count - i) * 2437)
    others = [folder for folder in face.mailbox.all_folders("message") if folder.name in ("Support", "Projects 2026/2027")]
    others += [folders.well_known(name) for name in ("archive", "junkemail", "deleteditems")]
    for i, folder in enumerate(others * 2):
        _received(face, seed, folder, 30 + i, (i + 1) * 80000)
    for i in range(4):
        to = seed.person()
        _add(face, seed, folders.well_known("sentitems"), 0, (i + 1) * 50000, {"toRecipients": [recipient(None, to.address)]}, isDraft=False)
    face.messages.make(folders.well_known("drafts"), {"subject": seed.word(words.SUBJECTS), "body": {
        "contentType": "html", "content": seed.page(0)}, "toRecipients": [recipient(None, seed.person().address)]})
    _with_items(face, seed, inbox)


def _received(face, seed, folder, i, age):
    person = seed.person()
    sender = recipient("%s %s" % (person.given, person.surname), person.address)
    cc = [recipient(None, seed.person().address) for _ in range(2)] if seed.chance(30) else []
    _add(face, seed, folder, i, age, {"from": sender, "sender": sender, "toRecipients": [recipient(owner.NAME, owner.ADDRESS)],
                                      "ccRecipients": cc, "importance": "high" if i % 11 == 2 else "low" if i % 13 == 3 else "normal"},
         isDraft=False, isRead=i % 3 != 0)


def _add(face, seed, folder, i, age, members, **more):
    is_html = i % 7 != 6
    body = seed.page(i) if is_html else seed.sentences()
    files = [({"kind": "file", "name": name, "contentType": type, "contentId": content_id, "isInline": content_id is not None,
               "contentLocation": None}, content) for name, type, content_id, content in FILES.get(i % 25, ())]
    seed.moment(face.mailbox.store.clock, age)
    return face.messages.make(folder, {"subject": seed.word(words.SUBJECTS), "body": {"contentType": "html" if is_html else "text",
                                                                                   "content": body}, **members}, files, **more)


def _with_items(face, seed, folder):
    """A mail, an event and a contact as attachments, and a link to the cloud."""
    call = face.operator.stand_in()
    items = [{"@odata.type": "#microsoft.graph.itemAttachment", "name": "Minutes of the last meeting",
              "item": {"@odata.type": "microsoft.graph.message", "subject": "Minutes of the last meeting",
                       "body": {"contentType": "text", "content": seed.word(words.SENTENCES)}}},
             {"@odata.type": "#microsoft.graph.itemAttachment", "name": "Review",
              "item": {"@odata.type": "microsoft.graph.event", "subject": "Review"}},
             {"@odata.type": "#microsoft.graph.itemAttachment", "name": "Jane Doe",
              "item": {"@odata.type": "microsoft.graph.contact", "displayName": "Jane Doe"}},
             {"@odata.type": "#microsoft.graph.referenceAttachment", "name": "Roadmap.xlsx"}]
    sender = recipient("Sam Ortiz", "sam.ortiz@fabrikam.com")
    seed.moment(face.mailbox.store.clock, 600)
    face.messages.make(folder, {"subject": "Everything at once", "from": sender, "sender": sender,
                                "toRecipients": [recipient(owner.NAME, owner.ADDRESS)],
                                "body": {"contentType": "text", "content": "See the attachments."}},
                       [face.attachments.read(call, item) for item in items], isDraft=False, isRead=False)
