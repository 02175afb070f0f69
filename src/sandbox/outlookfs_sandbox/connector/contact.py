"""Contacts: the defaults of a POST and the partly destructive PATCH.

The rule of a PATCH, from one recorded sample (connector contract, 2.21): a member left out is, by its type, a list: []; AssistantName,
Manager, MobilePhone1: ""; DisplayName: made again from the names; an address: five nulls (inferred); anything else: kept. A member
that is null counts as given: it clears a string, and means [] and five nulls for the rest.
"""
from .. import ids, times
from .schema import CONTACT


def build(mailbox, folder, number, body, old=None):
    """The contact of a POST or, with the `old` one, of a PATCH."""
    contact = {name: _value(member, body, old) for name, member in CONTACT.items()}
    if old is None:
        now = times.coarse(mailbox.now())
        contact.update(Id=ids.item(folder.number, number), ParentFolderId=folder.id, CreatedDateTime=now, DateTimeCreated=now)
        if contact["FileAs"] is None:
            contact["FileAs"] = ""
    if not body.get("DisplayName"):
        contact["DisplayName"] = _display_name(contact)
    if contact["Birthday"] is not None and times.parse(contact["Birthday"]) is not None:
        contact["Birthday"] = times.coarse(times.parse(contact["Birthday"]))
    return contact


def touch(mailbox, contact):
    """A new version, made now."""
    contact["ChangeKey"] = ids.change_key(mailbox.next(), ids.CONTACT)
    contact["DateTimeLastModified"] = contact["LastModifiedDateTime"] = times.coarse(mailbox.now())


def _value(member, body, old):
    if member.managed:
        return member.shape((old or {}).get(member.name))
    if member.name in body or old is None:
        return member.shape(body.get(member.name))
    if member.blanked:
        return ""
    if member.many or member.type == "object":
        return member.shape(None)
    return old.get(member.name)


def _display_name(contact):
    """The first that is there: given name and surname, company, first mail address."""
    name = " ".join(part for part in (contact["GivenName"], contact["Surname"]) if part)
    mails = contact["EmailAddresses"]
    return name or contact["CompanyName"] or (mails[0]["Address"] if mails else None) or ""
