"""Members and types of events and contacts, as the specification lists them, in the order the service answers them.

    check(EVENT, body)              # Refusal: a required member is missing, a type or a word is wrong
    EVENT["Location"].shape(None)   # {"DisplayName": None, "Address": {...}, ...}
"""
from dataclasses import dataclass

from ..exchange import Refusal
from ..times import parse


def wrong(message):
    return Refusal(400, "ErrorInvalidRequest", message)


def is_integer(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value) and abs(value) < 2**31


SIMPLE = {  # type: (what is right, the words of the refusal)
    "string": (lambda v: isinstance(v, str), "a string"),
    "bool": (lambda v: isinstance(v, bool), "true or false"),
    "int": (is_integer, "an integer"),
    "number": (lambda v: isinstance(v, (int, float)) and not isinstance(v, bool), "a number"),
    "time": (lambda v: parse(v) is not None, "a date-time"),
}


@dataclass(frozen=True)
class Member:
    name: str
    type: str = "string"  # of SIMPLE, or "object"; a tuple of words is an enumeration
    members: dict = None  # of an object
    many: bool = False  # an array of them
    required: bool = False  # absent or null in a body: 400
    managed: bool = False  # the service's own: ignored in a body, whatever it holds
    nullable: bool = False  # an object that is null, not an object of nulls, where there is none
    blanked: bool = False  # a contact's string that becomes "" when a PATCH leaves it out

    def check(self, value):
        if not self.many:
            self._check_one(value)
            return
        if not isinstance(value, list):
            raise wrong("%s: an array is required" % self.name)
        for one in value:
            if one is None:
                raise wrong("%s: null in the array" % self.name)
            self._check_one(one)

    def _check_one(self, value):
        if isinstance(self.type, tuple):
            if value not in self.type:
                raise wrong("Requested value '%s' of %s was not found." % (value, self.name))
        elif self.type == "object":
            if not isinstance(value, dict):
                raise wrong("%s: an object is required" % self.name)
            check(self.members, value)
        elif not SIMPLE[self.type][0](value):
            raise wrong("%s: %s is required" % (self.name, SIMPLE[self.type][1]))

    def shape(self, value):
        """The value with every member of its type in order and nothing else: what is missing is null, [] or an object of nulls."""
        if self.many:
            return [self._shape_one(one) for one in value or []]
        if value is None and self.nullable:
            return None
        return self._shape_one(value)

    def _shape_one(self, value):
        if self.type != "object":
            return value
        value = value or {}
        return {name: member.shape(value.get(name)) for name, member in self.members.items()}


def check(members, body):
    for name, member in members.items():
        if member.managed:
            continue
        value = body.get(name)
        if value is not None:
            member.check(value)
        elif member.required:
            raise wrong("The %s field is required." % name)


def table(*members):
    return {member.name: member for member in members}


def strings(*names, **more):
    return [Member(name, **more) for name in names]


IMPORTANCES = ("Low", "Normal", "High")
RESPONSES = ("None", "Organizer", "TentativelyAccepted", "Accepted", "Declined", "NotResponded")
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
PATTERNS = ("Daily", "Weekly", "AbsoluteMonthly", "RelativeMonthly", "AbsoluteYearly", "RelativeYearly")

EMAIL_ADDRESS = table(*strings("Name", "Address"))
RECIPIENT = table(Member("EmailAddress", "object", EMAIL_ADDRESS))
RESPONSE_STATUS = table(Member("Response", RESPONSES), Member("Time", "time"))
ATTENDEE = table(Member("Status", "object", RESPONSE_STATUS), Member("Type", ("Required", "Optional", "Resource")),
                 Member("EmailAddress", "object", EMAIL_ADDRESS))
BODY = table(Member("ContentType", ("Text", "HTML")), Member("Content"))
ADDRESS = table(*strings("Street", "City", "State", "CountryOrRegion", "PostalCode"))
COORDINATES = table(*strings("Altitude", "Latitude", "Longitude", "Accuracy", "AltitudeAccuracy", type="number"))
LOCATION = table(Member("DisplayName"), Member("Address", "object", ADDRESS), Member("Coordinates", "object", COORDINATES))
PATTERN = table(Member("Type", PATTERNS, required=True), Member("Interval", "int"), Member("Month", "int"),
                Member("DayOfMonth", "int"), Member("DaysOfWeek", WEEKDAYS, many=True), Member("FirstDayOfWeek", WEEKDAYS),
                Member("Index", ("First", "Second", "Third", "Fourth", "Last")))
RANGE = table(Member("Type", ("EndDate", "NoEnd", "Numbered"), required=True), Member("StartDate", "time"),
              Member("EndDate", "time"), Member("NumberOfOccurrences", "int"))
RECURRENCE = table(Member("Pattern", "object", PATTERN, required=True), Member("Range", "object", RANGE, required=True))

EVENT = table(
    Member("Id", managed=True), Member("Attendees", "object", ATTENDEE, many=True), Member("Body", "object", BODY),
    Member("BodyPreview", managed=True), Member("Categories", many=True), Member("ChangeKey", managed=True),
    Member("DateTimeCreated", "time", managed=True), Member("DateTimeLastModified", "time", managed=True),
    Member("End", "time", required=True), Member("EndTimeZone"), Member("HasAttachments", "bool", managed=True),
    Member("ICalUId", managed=True), Member("Importance", IMPORTANCES), Member("IsAllDay", "bool"),
    Member("IsCancelled", "bool", managed=True), Member("IsOrganizer", "bool", managed=True),
    Member("Location", "object", LOCATION), Member("Organizer", "object", RECIPIENT, managed=True),
    Member("Recurrence", "object", RECURRENCE, nullable=True), Member("Reminder", "int"), Member("ResponseRequested", "bool"),
    Member("ResponseStatus", "object", RESPONSE_STATUS, managed=True), Member("SeriesMasterId", managed=True),
    Member("ShowAs", ("Free", "Tentative", "Busy", "Oof", "WorkingElsewhere", "Unknown")),
    Member("Start", "time", required=True), Member("StartTimeZone"), Member("Subject", required=True),
    Member("Type", ("SingleInstance", "Occurrence", "Exception", "SeriesMaster"), managed=True),
    *strings("WebLink", "Reason", managed=True))

CONTACT = table(
    *strings("CreatedDateTime", "LastModifiedDateTime", type="time", managed=True), *strings("Id", "ParentFolderId", managed=True),
    Member("Birthday", "time"), *strings("FileAs", "DisplayName"), Member("GivenName", required=True),
    *strings("Initials", "MiddleName", "NickName", "Surname", "Title", "Generation"),
    Member("EmailAddresses", "object", EMAIL_ADDRESS, many=True), Member("ImAddresses", many=True),
    *strings("JobTitle", "CompanyName", "Department", "OfficeLocation", "Profession", "BusinessHomePage"),
    *strings("AssistantName", "Manager", blanked=True), Member("HomePhones", many=True, required=True),
    Member("BusinessPhones", many=True), Member("MobilePhone1", blanked=True),
    *(Member(name, "object", ADDRESS) for name in ("HomeAddress", "BusinessAddress", "OtherAddress")),
    *strings("YomiCompanyName", "YomiGivenName", "YomiSurname"), Member("Categories", many=True), Member("ChangeKey", managed=True),
    *strings("DateTimeCreated", "DateTimeLastModified", type="time", managed=True))
