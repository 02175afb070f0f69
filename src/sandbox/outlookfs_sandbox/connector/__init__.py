"""The Office 365 Outlook connector, version 1, as its contract describes it.

    gateway     what stands before the operations: paths, encodings, error shapes
    schema      members and types of events and contacts
    items       operations on them, over event and contact; odata has $filter and $orderby
    mail        operations on messages, over message and folders
    triggers    the polling triggers
    approvals   mails with options, and telling the subscriber
    seed        the invented mailbox
    operator    what tests may do as another client
    view        what the web page shows
"""
import asyncio

from .. import times
from ..exchange import Answer
from ..mailbox import Keys, Mailbox
from . import gateway, items, seed
from .approvals import Approvals
from .folders import Folders
from .gateway import BASE_PATH, RECORD_RESPONSE
from .mail import Mail
from .operator import Operator
from .triggers import Triggers
from .view import View


def keys(kind, document):
    modified = times.parse(document.get("DateTimeReceived" if kind == "message" else "DateTimeLastModified")) or 0
    if kind == "message":
        return Keys(modified, modified, not document.get("IsRead"))
    return Keys(items.sort_time(kind, document), modified)


class Connector:
    service = "connector"
    keeps_failures = False

    def __init__(self, sandbox):
        self.sandbox, options = sandbox, sandbox.options
        self.options = {"bareArrays": False, "emptyLists": False, "retryAfter": options.retry_after}  # POST /_sandbox/option
        self.mailbox = mailbox = Mailbox(sandbox.store, self.service, keys)
        self.folders = Folders(mailbox, options.language)
        self.mail = Mail(mailbox, self.folders, options.bare_listings)
        self.calendars, self.contacts = items.calendars(mailbox), items.contacts(mailbox)
        self.triggers = Triggers(mailbox, self.folders, self.calendars, self.options, BASE_PATH)
        self.approvals = Approvals(mailbox, self.folders, options.notify_tries)
        self.gateway = gateway.Gateway(sandbox, self.operations())
        self.operator = Operator(self)
        self.view = View(self)
        if mailbox.is_empty:
            with sandbox.store.transaction():
                seed.fill(self, options.seed)
        self.telling = None

    def operations(self):
        mail, folders, triggers, approvals = self.mail, self.folders, self.triggers, self.approvals
        calendars, contacts = "/datasets/calendars/tables", "/datasets/contacts/tables"
        options_mail, approval_mail = "/mailwithoptions/$subscriptions", "/approvalmail/$subscriptions"
        query = "$top $skip $filter $orderby"
        listing = "folderPath fetchOnlyUnread includeAttachments searchQuery top skip skipToken"
        new_email = ("folderPath to cc toOrCc from importance fetchOnlyWithAttachment includeAttachments subjectFilter "
                     "LastPollInformation")
        table = [  # name, method, path, function, parameters of the query
            ("GetEmails", "GET", "/Mail", mail.list, listing),
            ("SendEmail", "POST", "/Mail", mail.send, ""),
            ("MarkAsRead", "POST", "/Mail/MarkAsRead/{id}", mail.mark_read, ""),
            ("ReplyTo", "POST", "/Mail/ReplyTo/{id}", mail.reply, "comment replyAll"),
            ("ReplyToV3", "POST", "/v3/Mail/ReplyTo/{id}", mail.reply_v3, "mailboxAddress"),
            ("OnNewEmail", "GET", "/Mail/OnNewEmail", triggers.new_email, new_email),
            ("GetEmail", "GET", "/Mail/{id}", mail.get, "mailboxAddress includeAttachments internetMessageId"),
            ("DeleteEmail", "DELETE", "/Mail/{id}", mail.delete, ""),
            ("GetAttachment", "GET", "/Mail/{id}/Attachments/{attachment}", mail.attachment, ""),
            ("SendMailWithOptions", "POST", options_mail, approvals.create, ""),
            ("DeleteOptionsMailSubscription", "DELETE", options_mail + "/{id}", approvals.delete, ""),
            ("SendApprovalMail", "POST", approval_mail, approvals.create, ""),
            ("DeleteApprovalMailSubscription", "DELETE", approval_mail + "/{id}", approvals.delete, ""),
            ("RecordResponse", "GET", RECORD_RESPONSE, approvals.respond, "state sig confirmed"),
            ("RecordResponse", "POST", RECORD_RESPONSE, approvals.respond, "state sig"),
            ("OnUpcomingEvents", "GET", "/Events/OnUpcomingEvents", triggers.upcoming_events,
             "table lookAheadTimeInMinutes triggerstate"),
            ("CalendarGetOnNewItems", "GET", calendars + "/{{table}}/onnewitems", triggers.new_items, query + " triggerstate"),
            ("CalendarGetOnUpdatedItems", "GET", calendars + "/{{table}}/onupdateditems", triggers.updated_items,
             query + " triggerstate"),
            ("OnFilePickerOpen", "GET", "/OnFilePickerOpen", folders.open, "operation top skip"),
            ("OnFilePickerBrowse", "GET", "/OnFilePickerBrowse", folders.browse, "operation id top skip"),
            ("TestConnection", "GET", "/testconnection", lambda request: Answer(200), "")]
        for word, path, dataset in (("Calendar", calendars, self.calendars), ("Contact", contacts, self.contacts)):
            table += [(word + "GetTables", "GET", path, dataset.tables, ""),
                      (word + "GetItems", "GET", path + "/{{table}}/items", dataset.list, query),
                      (word + "PostItem", "POST", path + "/{{table}}/items", dataset.post, ""),
                      (word + "GetItem", "GET", path + "/{{table}}/items/{{id}}", dataset.get, ""),
                      (word + "PatchItem", "PATCH", path + "/{{table}}/items/{{id}}", dataset.patch, ""),
                      (word + "DeleteItem", "DELETE", path + "/{{table}}/items/{{id}}", dataset.delete, "")]
        without = ("OnFilePickerOpen", "OnFilePickerBrowse") if self.sandbox.options.no_picker else ()
        return [gateway.Operation(*entry) for entry in table if entry[0] not in without]

    # --- a face's life

    def start(self):
        self.telling = asyncio.get_running_loop().create_task(self.approvals.tell())

    async def stop(self):
        self.telling.cancel()
        await asyncio.gather(self.telling, return_exceptions=True)

    # --- a face's answers

    def owns(self, path):
        return path.startswith(BASE_PATH + "/") or path == RECORD_RESPONSE

    def refuse(self, request):
        return self.gateway.refuse(request)

    def work(self, request):
        return request.work(request)

    def refused(self, request, refusal):
        return gateway.error(request, refusal.status, refusal.code, refusal.message)

    def failure(self, request, status, retry_after):
        return gateway.failure(request, status, retry_after)

    def finish(self, request, answer):
        gateway.finish(request, answer)
