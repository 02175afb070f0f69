"""What a body may hold: members and their types, and which of them may be written where. Sources: the CSDL of v1.0, and the pages of
the update operations.

    check(MESSAGE, body)                  types, unknown members, read-only ones: a Refusal, and a violation
    check(MESSAGE, body, only=SENT)
"""
from ..exchange import Refusal
from .. import times

STRING, BOOL, INT, TIME, BYTES = "a string", "a boolean", "a whole number", "a date and time", "base64"
BYTES_ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
ADDRESS = {"name": STRING, "address": STRING}
RECIPIENT = {"emailAddress": ADDRESS}
BODY = {"contentType": ("text", "html"), "content": STRING}
IMPORTANCE = ("low", "normal", "high")
ZONED = {"dateTime": STRING, "timeZone": STRING}
POSTAL = dict.fromkeys(("street", "city", "state", "countryOrRegion", "postalCode"), STRING)
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
LOCATION = {"displayName": STRING, "locationType": ("default", "conferenceRoom", "homeAddress", "businessAddress", "geoCoordinates",
                                                    "streetAddress", "hotel", "restaurant", "localBusiness", "postalAddress"),
            "locationUri": STRING, "locationEmailAddress": STRING, "address": POSTAL, "uniqueId": STRING,
            "uniqueIdType": ("unknown", "locationStore", "directory", "private", "bing"),
            "coordinates": dict.fromkeys(("altitude", "latitude", "longitude", "accuracy", "altitudeAccuracy"), "a number")}
ATTACHMENT = {"@odata.type": ("#microsoft.graph.fileAttachment", "#microsoft.graph.itemAttachment", "#microsoft.graph.referenceAttachment"),
              "name": STRING, "contentType": STRING, "isInline": BOOL, "contentBytes": BYTES, "contentId": STRING,
              "contentLocation": STRING, "item": "an object", "size": INT}
PROPERTY = {"id": STRING, "value": STRING}

MESSAGE = {
    "subject": STRING, "body": BODY, "importance": IMPORTANCE, "categories": [STRING], "isDeliveryReceiptRequested": BOOL,
    "isReadReceiptRequested": BOOL, "isRead": BOOL, "inferenceClassification": ("focused", "other"),
    "flag": {"flagStatus": ("notFlagged", "flagged", "complete"), "startDateTime": ZONED, "dueDateTime": ZONED, "completedDateTime": ZONED},
    "from": RECIPIENT, "sender": RECIPIENT, "toRecipients": [RECIPIENT], "ccRecipients": [RECIPIENT], "bccRecipients": [RECIPIENT],
    "replyTo": [RECIPIENT], "internetMessageId": STRING, "internetMessageHeaders": [{"name": STRING, "value": STRING}],
    "attachments": [ATTACHMENT], "singleValueExtendedProperties": [PROPERTY]}
SENT = {"categories", "flag", "importance", "isRead", "inferenceClassification", "isDeliveryReceiptRequested", "isReadReceiptRequested",
        "singleValueExtendedProperties"}

CONTACT = {name: STRING for name in (
    "assistantName", "businessHomePage", "companyName", "department", "displayName", "fileAs", "generation", "givenName", "initials",
    "jobTitle", "manager", "middleName", "mobilePhone", "nickName", "officeLocation", "personalNotes", "profession", "spouseName", "surname",
    "title", "yomiCompanyName", "yomiGivenName", "yomiSurname")}
CONTACT.update(birthday=TIME, businessAddress=POSTAL, homeAddress=POSTAL, otherAddress=POSTAL, businessPhones=[STRING], homePhones=[STRING],
               children=[STRING], imAddresses=[STRING], emailAddresses=[ADDRESS], categories=[STRING], primaryEmailAddress=ADDRESS,
               secondaryEmailAddress=ADDRESS, tertiaryEmailAddress=ADDRESS)

EVENT = {
    "subject": STRING, "body": BODY, "start": ZONED, "end": ZONED, "isAllDay": BOOL, "location": LOCATION, "locations": [LOCATION],
    "attendees": [{"type": ("required", "optional", "resource"), "emailAddress": ADDRESS, "status": "an object", "proposedNewTime": "an object"}],
    "recurrence": {"pattern": {"type": ("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"),
                               "interval": INT, "month": INT, "dayOfMonth": INT, "daysOfWeek": [WEEKDAYS], "firstDayOfWeek": WEEKDAYS,
                               "index": ("first", "second", "third", "fourth", "last")},
                   "range": {"type": ("endDate", "noEnd", "numbered"), "startDate": STRING, "endDate": STRING, "recurrenceTimeZone": STRING,
                             "numberOfOccurrences": INT}},
    "showAs": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"), "importance": IMPORTANCE,
    "sensitivity": ("normal", "personal", "private", "confidential"), "isReminderOn": BOOL, "reminderMinutesBeforeStart": INT,
    "responseRequested": BOOL, "hideAttendees": BOOL, "allowNewTimeProposals": BOOL, "isOnlineMeeting": BOOL,
    "onlineMeetingProvider": ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"), "categories": [STRING],
    "transactionId": STRING, "singleValueExtendedProperties": [PROPERTY]}

REPLIES = {"status": ("disabled", "alwaysEnabled", "scheduled"), "externalAudience": ("none", "contactsOnly", "all"),
           "internalReplyMessage": STRING, "externalReplyMessage": STRING, "scheduledStartDateTime": ZONED, "scheduledEndDateTime": ZONED}
SETTINGS = {"automaticRepliesSetting": REPLIES, "dateFormat": STRING, "timeFormat": STRING, "timeZone": STRING,
            "delegateMeetingMessageDeliveryOptions": ("sendToDelegateAndInformationToPrincipal", "sendToDelegateAndPrincipal",
                                                      "sendToDelegateOnly"),
            "language": {"locale": STRING, "displayName": STRING}, "workingHours": "an object"}

# What answers have and no body: for $select and $filter.
ITEM = ("id", "changeKey", "createdDateTime", "lastModifiedDateTime")
READ_ONLY = {
    "message": ITEM + ("receivedDateTime", "sentDateTime", "hasAttachments", "bodyPreview", "uniqueBody", "parentFolderId", "conversationId",
                       "conversationIndex", "isDraft", "webLink", "startDateTime", "endDateTime", "meetingMessageType"),
    "contact": ITEM + ("parentFolderId",),
    "event": ITEM + ("bodyPreview", "hasAttachments", "iCalUId", "isCancelled", "isDraft", "isOrganizer", "onlineMeeting", "onlineMeetingUrl",
                     "organizer", "originalStart", "originalStartTimeZone", "originalEndTimeZone", "responseStatus", "seriesMasterId", "type",
                     "webLink", "cancelledOccurrences", "exceptionOccurrences")}
WRITABLE = {"message": MESSAGE, "contact": CONTACT, "event": EVENT}
MEMBERS = {kind: {*WRITABLE[kind], *READ_ONLY[kind]} for kind in WRITABLE}


def check(kind, body, only=None, request=None, type_name="item"):
    """`kind` is a dictionary above. `only`: the names that may be there."""
    for name, value in body.items():
        problem = None
        if name in ("@odata.type", "@odata.context") and kind is not ATTACHMENT:
            problem = None if name == "@odata.type" else "The annotation '%s' is not written." % name
        elif name not in kind:
            known = any(name in names for names in READ_ONLY.values()) or name.startswith("@")
            problem = ("The property '%s' is read-only and cannot be set." if known else
                       "The property '%s' does not exist on type '" + type_name + "'.") % name
        elif only is not None and name not in only:
            problem = "The property '%s' cannot be changed here." % name
        if problem:
            if request:
                request.violates(problem)
            raise Refusal(400, "ErrorPropertyValidationFailure", problem)
        if name in kind:
            _check_value(kind[name], value, name)
    return body


def _check_value(type, value, where):
    if value is None:
        return
    fits = True
    if isinstance(type, dict):
        fits = isinstance(value, dict)
        for name, member in value.items() if fits else ():
            if name not in type and not name.startswith("@odata.type"):
                raise Refusal(400, "RequestBodyRead", "The property '%s' does not exist on type of '%s'." % (name, where))
            _check_value(type.get(name, STRING), member, where + "/" + name)
    elif isinstance(type, list):
        fits = isinstance(value, list)
        for member in value if fits else ():
            _check_value(type[0], member, where)
    elif isinstance(type, tuple):
        fits = value in type
    elif type == BOOL:
        fits = isinstance(value, bool)
    elif type == INT:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif type == TIME:
        fits = isinstance(value, str) and times.parse(value) is not None
    elif type == BYTES:
        fits = isinstance(value, str) and set(value) <= BYTES_ALPHABET and len(value) % 4 == 0
    elif type == "an object":
        fits = isinstance(value, dict)
    elif type == "a number":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        fits = isinstance(value, str)
    if not fits:
        wanted = " or ".join(type) if isinstance(type, tuple) else type if isinstance(type, str) else "another type"
        raise Refusal(400, "RequestBodyRead", "Cannot convert the value of '%s': %s is required." % (where, wanted))
