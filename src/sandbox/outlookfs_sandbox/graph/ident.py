"""Ids in the three forms the service gives them: mutable (152 characters, another one after each move), immutable (72 characters), and
those of personal accounts (AQMk..., 132 characters).

An item's record is stored under its immutable id. An occurrence has its series' ids with its day in them.
"""
import base64
import binascii
import struct
from datetime import date, timedelta

from .. import ids
from ..exchange import Refusal

IMMUTABLE_HEAD = bytes.fromhex("0009002e00000000001d840311aa6611cd9bc800aa002f845a0d00") + ids.PROVIDER[:5]
IMMUTABLE_SIZE, MUTABLE_SIZE, PERSONAL_SIZE = 54, 113, 98
CUT = slice(8, 23)  # what the ids of personal accounts lack of the mailbox's name
FIRST_DAY = date(1990, 1, 1).toordinal()


def malformed():
    return Refusal(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def _url64(data):
    return base64.urlsafe_b64encode(data).decode()


def _day(day):
    return day.toordinal() - FIRST_DAY if day else 0


def immutable(number, day=None):
    data = IMMUTABLE_HEAD + ids.MAILBOX
    return _url64(data[:IMMUTABLE_SIZE - 6] + struct.pack(">IH", number, _day(day)))


def mutable(folder_number, place, day=None, personal=False):
    data = base64.urlsafe_b64decode(ids.item(folder_number, place))[:-2] + struct.pack(">H", _day(day))
    return _url64(_personal(data) if personal else data)


def _personal(data):
    return b"\1" + data[1:CUT.start] + data[CUT.stop:]


def folder(number, personal=False):
    """120 characters; folders have no immutable form."""
    data = base64.urlsafe_b64decode(ids.folder(number))
    return _url64((b"\1" if personal else b"\0") + data[1:])


def attachment(item_id, number):
    return _url64(base64.urlsafe_b64decode(item_id) + struct.pack(">HI", 0x1200, number))


def read(text):
    """("immutable", number, day) or ("mutable", place, day); a Refusal for anything else."""
    try:
        data = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise malformed() from None
    if len(data) == PERSONAL_SIZE and data[:1] == b"\1" or len(data) == MUTABLE_SIZE and data[:1] == b"\0":
        form = "mutable"
    elif len(data) == IMMUTABLE_SIZE and (IMMUTABLE_HEAD + ids.MAILBOX).startswith(data[:-6]):
        form = "immutable"
    else:
        raise malformed()
    number, days = struct.unpack(">IH", data[-6:])
    return form, number, date(1990, 1, 1) + timedelta(days=days) if days else None
