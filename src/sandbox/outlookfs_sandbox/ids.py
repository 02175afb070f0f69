"""Identifiers, built over the byte layouts of recorded ones: a client that assumes a length, an alphabet or a shared prefix meets the
same conditions here as at the service."""
import base64
import hashlib
import struct

MAILBOX = b"5f0c9a3e-71d2-4b86-9e0f-3ab47c81d6f2"
PROVIDER = bytes.fromhex("2e9144d06bf3184fa705bc3972ee5d81")
# The bytes fb ff b. stand at both alignments, so that every change key of either kind contains '+' and '/'.
REPLICA = bytes.fromhex("4bfbffbd92d4fbffb085bde79db26de1")
PLACE_AT = 107  # where an item's id has the item's place
ITEM_LENGTH = 152


def _url64(data):
    return base64.urlsafe_b64encode(data).decode()


def _mailbox(kind, part):
    return bytes((0, kind, 0x24, 0)) + MAILBOX + bytes((0, part))


def item(folder_number, place):
    """152 characters; another one after each move."""
    return _url64(_mailbox(3, 0x46) + bytes(5) + PROVIDER + b"\x07\0" + REPLICA + struct.pack(">II", 0, folder_number << 16)
                  + REPLICA + struct.pack(">HIH", 0, place, 0))


def item_place(id):
    """The place in an item's id, or None where it is no such id."""
    try:
        data = base64.b64decode(id.encode(), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return struct.unpack_from(">I", data, PLACE_AT)[0] if len(id) == ITEM_LENGTH and len(data) == PLACE_AT + 6 else None


def folder(number):
    """120 characters."""
    return _url64(_mailbox(3, 0x2e) + bytes(5) + PROVIDER + b"\x01\0" + REPLICA + struct.pack(">II", 0, number << 16))


def attachment(message_id, number):
    """180 characters. Continues the message's bytes: their last two, always zero, share a base64 group with what follows."""
    return message_id[:148] + _url64(bytes.fromhex("00000112001000") + PROVIDER[:12] + struct.pack(">I", number))


def conversation(number):
    """80 characters."""
    return _url64(_mailbox(4, 0x10) + b"\0" + PROVIDER[:12] + struct.pack(">I", number))


def change_key(version, prefix=b""):
    """32 characters, 40 behind CONTACT."""
    return base64.b64encode(prefix + REPLICA + struct.pack(">HI", 0, version)).decode()


CONTACT = bytes.fromhex("1100000016000000")  # what a contact's change key begins with


def ical_uid(number):
    """112 characters."""
    digest = hashlib.sha256(b"ical%d" % number).hexdigest().upper()
    return "040000008200E00074C5B7101A82E00800000000%s000000000000000010000000%s" % (digest[:16], digest[16:48])


def guid(number):
    """The same one for the same number."""
    text = hashlib.sha256(b"guid%d" % number).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))
