"""Every operation: method, path, name, the scopes one of which is wanted, the options it takes, and who does it.

Paths are relative to /v1.0 and to the mailbox: /me and /users/{its owner} are the same; folders('x') is folders/x. Sources: the CSDL of
v1.0 and the pages of the operations.
"""
import re
from dataclasses import dataclass

from .. import owner
from ..exchange import Refusal, decode

PREFIX = re.compile(r"/v1\.0/(?:me|users/(?P<user>[^/]+)|users\('(?P<quoted>[^']+)'\))(?=/|$)", re.I)
KEY = re.compile(r"\('([^']*)'\)")
LISTS = "$select $top $skip $count $skiptoken"
MAIL_LIST = LISTS + " $filter $orderby $search $expand"
MAIL, MAIL_WRITE, SEND = ("Mail.Read",), ("Mail.ReadWrite",), ("Mail.Send",)
CONTACTS, CONTACTS_WRITE = ("Contacts.Read",), ("Contacts.ReadWrite",)
CALENDARS, CALENDARS_WRITE = ("Calendars.Read",), ("Calendars.ReadWrite",)
ITEM = {"message": "message", "event": "event", "contact": "contact"}


@dataclass
class Route:
    method: str
    pattern: object
    operation: str
    scopes: tuple
    options: set
    handler: object  # of (face, request)


ROUTES = []


def _add(method, path, operation, scopes, options, part, handler):
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace("$", r"\$")) + "$", re.I)
    ROUTES.append(Route(method, pattern, operation, scopes, set(options.split()),
                        lambda face, request: getattr(getattr(face, part) if part else face, handler)(request)))


def _table(part, text, scopes):
    """Lines of: METHOD path operation handler [options...]; a write wants the second of the scopes."""
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        method, path, operation, handler, *options = line.split()
        _add(method, path, operation, scopes[method != "GET"], " ".join({"LIST": LISTS, "MAIL": MAIL_LIST}.get(option, option)
                                                                       for option in options), part, handler)


_table("delta", """
GET    /mailFolders/delta                             MailFoldersDelta        mail_folders    $select $skiptoken $deltatoken
GET    /mailFolders/{folder}/messages/delta           MessagesDelta           messages        $select $top $expand $filter $orderby changeType $skiptoken $deltatoken
""", (MAIL, MAIL_WRITE))
_table("delta", """
GET    /contactFolders/delta                          ContactFoldersDelta     contact_folders $select $skiptoken $deltatoken
GET    /contactFolders/{folder}/contacts/delta        ContactsDelta           contacts        $select $skiptoken $deltatoken
""", (CONTACTS, CONTACTS_WRITE))
_table("delta", """
GET    /calendarView/delta                            CalendarViewDelta       calendar_view   startDateTime endDateTime $skiptoken $deltatoken
GET    /calendars/{calendar}/calendarView/delta       CalendarViewDelta       calendar_view   startDateTime endDateTime $skiptoken $deltatoken
""", (CALENDARS, CALENDARS_WRITE))
_table("folders", """
GET    /mailFolders                          ListMailFolders         list_top      LIST $filter includeHiddenFolders
GET    /mailFolders/{folder}                 GetMailFolder           get           $select includeHiddenFolders
GET    /mailFolders/{folder}/childFolders    ListChildFolders        list_children LIST $filter includeHiddenFolders
POST   /mailFolders                          CreateMailFolder        create
POST   /mailFolders/{folder}/childFolders    CreateChildFolder       create
PATCH  /mailFolders/{folder}                 UpdateMailFolder        update
DELETE /mailFolders/{folder}                 DeleteMailFolder        delete
POST   /mailFolders/{folder}/move            MoveMailFolder          move
""", (MAIL, MAIL_WRITE))
_table("folders", """
GET    /contactFolders                                ListContactFolders      list_top      LIST $filter
GET    /contactFolders/{folder}                       GetContactFolder        get           $select
GET    /contactFolders/{folder}/childFolders          ListChildContactFolders list_children LIST $filter
POST   /contactFolders                                CreateContactFolder     create
POST   /contactFolders/{folder}/childFolders          CreateChildContactFolder create
PATCH  /contactFolders/{folder}                       UpdateContactFolder     update
DELETE /contactFolders/{folder}                       DeleteContactFolder     delete
""", (CONTACTS, CONTACTS_WRITE))
_table("messages", """
GET    /messages                                      ListMessages            list            MAIL
GET    /mailFolders/{folder}/messages                 ListMessages            list            MAIL
POST   /messages                                      CreateMessage           create
POST   /mailFolders/{folder}/messages                 CreateMessage           create
GET    /messages/{message}                            GetMessage              get             $select $expand
GET    /mailFolders/{folder}/messages/{message}       GetMessage              get             $select $expand
PATCH  /messages/{message}                            UpdateMessage           update
PATCH  /mailFolders/{folder}/messages/{message}       UpdateMessage           update
DELETE /messages/{message}                            DeleteMessage           delete
DELETE /mailFolders/{folder}/messages/{message}       DeleteMessage           delete
POST   /messages/{message}/permanentDelete            PermanentDeleteMessage  delete_for_good
POST   /messages/{message}/move                       MoveMessage             move
POST   /messages/{message}/copy                       CopyMessage             copy
GET    /messages/{message}/$value                     GetMessageMime          get_mime
PUT    /messages/{message}/$value                     ReplaceMessageMime      put_mime
""", (MAIL, MAIL_WRITE))
_table("sending", """
POST   /sendMail                                      SendMail                send_mail
POST   /messages/{message}/send                       SendDraft               send_draft
POST   /messages/{message}/reply                      Reply                   reply
POST   /messages/{message}/replyAll                   ReplyAll                reply
POST   /messages/{message}/forward                    Forward                 reply
""", (SEND, SEND))
_table("sending", """
POST   /messages/{message}/createReply                CreateReply             create_reply
POST   /messages/{message}/createReplyAll             CreateReplyAll          create_reply
POST   /messages/{message}/createForward              CreateForward           create_reply
""", (MAIL, MAIL_WRITE))
for _items, _item, _scopes in (("messages", "message", (MAIL, MAIL_WRITE)), ("events", "event", (CALENDARS, CALENDARS_WRITE))):
    _table("attachments", """
GET    /{items}/{{item}}/attachments                        ListAttachments         list      LIST $expand $filter
GET    /{items}/{{item}}/attachments/{{attachment}}           GetAttachment           get       $select $expand
GET    /{items}/{{item}}/attachments/{{attachment}}/$value    GetAttachmentContent    get_value
POST   /{items}/{{item}}/attachments                        AddAttachment           add
DELETE /{items}/{{item}}/attachments/{{attachment}}           DeleteAttachment        delete
POST   /{items}/{{item}}/attachments/createUploadSession    CreateUploadSession     create_session
""".replace("{items}", _items).replace("{{item}}", "{%s}" % _item).replace("{{", "{").replace("}}", "}"), _scopes)
_table("contacts", """
GET    /contacts                                          ListContacts         list        LIST $filter $orderby $search
GET    /contactFolders/{folder}/contacts                  ListContacts         list        LIST $filter $orderby $search
POST   /contacts                                          CreateContact        create
POST   /contactFolders/{folder}/contacts                  CreateContact        create
GET    /contacts/{contact}                                GetContact           get         $select
GET    /contactFolders/{folder}/contacts/{contact}        GetContact           get         $select
PATCH  /contacts/{contact}                                UpdateContact        update
PATCH  /contactFolders/{folder}/contacts/{contact}        UpdateContact        update
DELETE /contacts/{contact}                                DeleteContact        delete
DELETE /contactFolders/{folder}/contacts/{contact}        DeleteContact        delete
GET    /contacts/{contact}/photo                          GetContactPhoto      photo
GET    /contacts/{contact}/photo/$value                   GetContactPhotoValue photo_value
PUT    /contacts/{contact}/photo/$value                   SetContactPhoto      set_photo
PATCH  /contacts/{contact}/photo/$value                   SetContactPhoto      set_photo
""", (CONTACTS, CONTACTS_WRITE))
_table("calendars", """
GET    /calendars                                         ListCalendars        list        LIST $filter
GET    /calendarGroups                                    ListCalendarGroups   groups      LIST
GET    /calendarGroups/{group}/calendars                  ListCalendars        list        LIST
GET    /calendar                                          GetCalendar          get         $select
GET    /calendars/{calendar}                              GetCalendar          get         $select
POST   /calendars                                         CreateCalendar       create
PATCH  /calendars/{calendar}                              UpdateCalendar       update
DELETE /calendars/{calendar}                              DeleteCalendar       delete
""", (CALENDARS, CALENDARS_WRITE))
_table("events", """
GET    /events                                            ListEvents           list        LIST $filter $orderby
GET    /calendar/events                                   ListEvents           list        LIST $filter $orderby
GET    /calendars/{calendar}/events                       ListEvents           list        LIST $filter $orderby
GET    /calendarView                                      CalendarView         list_view   LIST $filter $orderby startDateTime endDateTime
GET    /calendar/calendarView                             CalendarView         list_view   LIST $filter $orderby startDateTime endDateTime
GET    /calendars/{calendar}/calendarView                 CalendarView         list_view   LIST $filter $orderby startDateTime endDateTime
GET    /events/{event}/instances                          ListInstances        instances   LIST startDateTime endDateTime
POST   /events                                            CreateEvent          create
POST   /calendar/events                                   CreateEvent          create
POST   /calendars/{calendar}/events                       CreateEvent          create
GET    /events/{event}                                    GetEvent             get         $select $expand
GET    /calendars/{calendar}/events/{event}               GetEvent             get         $select $expand
PATCH  /events/{event}                                    UpdateEvent          update
PATCH  /calendars/{calendar}/events/{event}               UpdateEvent          update
DELETE /events/{event}                                    DeleteEvent          delete
DELETE /calendars/{calendar}/events/{event}               DeleteEvent          delete
POST   /events/{event}/accept                             AcceptEvent          respond
POST   /events/{event}/tentativelyAccept                  TentativelyAcceptEvent respond
POST   /events/{event}/decline                            DeclineEvent         respond
POST   /events/{event}/cancel                             CancelEvent          cancel
POST   /events/{event}/forward                            ForwardEvent         forward
POST   /events/{event}/dismissReminder                    DismissReminder      dismiss
POST   /events/{event}/snoozeReminder                     SnoozeReminder       snooze
""", (CALENDARS, CALENDARS_WRITE))
_table("settings", """
GET    /mailboxSettings                                   GetMailboxSettings    get         $select
PATCH  /mailboxSettings                                   UpdateMailboxSettings update
GET    /mailboxSettings/automaticRepliesSetting           GetAutomaticReplies   get_replies
""", (("MailboxSettings.Read",), ("MailboxSettings.ReadWrite",)))
_add("GET", "", "GetUser", ("User.Read",), "$select", "settings", "user")
_add("POST", "/translateExchangeIds", "TranslateExchangeIds", (), "", "settings", "translate")
_BATCH = Route("POST", re.compile(r"/v1\.0/\$batch$"), "Batch", (), set(), lambda face, request: face.batch.work(request))
UPLOAD_PATH = "/upload/"
_UPLOADS = [Route(method, re.compile(UPLOAD_PATH + r"(?P<session>[^/]+)$"), operation, (), set(),
                  lambda face, request, name=name: getattr(face.attachments, name)(request))
            for method, operation, name in (("PUT", "Upload", "upload"), ("GET", "UploadStatus", "upload_status"),
                                            ("DELETE", "CancelUpload", "cancel_upload"))]


def find(request):
    """(Route, names of the path, decoded); a Refusal."""
    path, candidates = request.path, [_BATCH] + _UPLOADS
    prefix = PREFIX.match(path)
    if prefix:
        user = decode(prefix["user"] or prefix["quoted"] or owner.ID) or ""
        if user.lower() not in (owner.ID, owner.ADDRESS):
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        path, candidates = KEY.sub(r"/\1", path[prefix.end():]), ROUTES
    matches = [(route, match) for route, match in ((route, route.pattern.match(path)) for route in candidates) if match]
    fitting = next(((route, match) for route, match in matches if route.method == request.method), None)
    if fitting is None:
        request.violates("%s %s: no such operation" % (request.method, request.path))
        if matches:
            raise Refusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        raise Refusal(400, "BadRequest", "Resource not found for the segment '%s'." % path.rpartition("/")[2])
    names = {name: decode(value) for name, value in fitting[1].groupdict().items()}
    if None in names.values():
        raise Refusal(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    return fitting[0], names


def is_known_option(route, name):
    return name in route.options or name in ("$format",)
