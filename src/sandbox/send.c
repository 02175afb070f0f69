/*
 * send.c - sending and replying. Nothing leaves the machine: a copy lands in Sent Items, and mail
 * to the mailbox's owner arrives in the Inbox.
 */
#include "mail_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "take_p.h"
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONTENT_MAX ((size_t)49 * 1024 * 1024)

/* The copy in Sent Items and, when the owner is among the recipients, the message in the Inbox. */
static void deliver(struct db *db, const struct message_draft *draft)
{
    struct message_draft copy = *draft;
    struct folder folder;
    cJSON *sent;

    copy.read = true;
    if (!picker_folder(db, "SentItems", &folder))
        return;
    sent = message_add(db, &folder, &copy);
    folder_release(&folder);
    if (text_addresses_have(draft->to, OWNER_ADDRESS) ||
        text_addresses_have(draft->cc, OWNER_ADDRESS) ||
        text_addresses_have(draft->bcc, OWNER_ADDRESS)) {
        copy.read = false;
        copy.bcc = NULL;
        copy.conversation = json_str(sent, "ConversationId");
        copy.internet_id = json_str(sent, "InternetMessageId");
        if (picker_folder(db, "Inbox", &folder)) {
            cJSON_Delete(message_add(db, &folder, &copy));
            folder_release(&folder);
        }
    }
    cJSON_Delete(sent);
}

static bool read_draft(const cJSON *body, struct message_draft *d, struct buf *err)
{
    const char *sensitivity;

    *d = (struct message_draft){.html = false};
    return take_bool(body, "IsHtml", &d->html, err) &&
           take_addresses(body, "To", true, &d->to, err) &&
           take_string(body, "Subject", true, &d->subject, err) &&
           take_string(body, "Body", true, &d->body, err) &&
           take_addresses(body, "Cc", false, &d->cc, err) &&
           take_addresses(body, "Bcc", false, &d->bcc, err) &&
           take_addresses(body, "ReplyTo", false, &d->reply_to, err) &&
           take_addresses(body, "From", false, &d->from, err) &&
           take_string(body, "Sensitivity", false, &sensitivity, err) &&
           take_importance(body, &d->importance, err);
}

static size_t content_size(const struct message_draft *d)
{
    size_t size = strlen(d->body);

    for (size_t i = 0; i < d->nfiles; i++)
        size += d->files[i].size;
    return size;
}

void mail_send(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const cJSON *body = request_object(req, ans);
    struct message_draft d;
    struct attachment *files = NULL;
    struct buf err;

    if (!body)
        return;
    buf_init(&err, BUF_TEXT_MAX);
    if (!read_draft(body, &d, &err) ||
        message_files(json_get(body, "Attachments"), &files, &d.nfiles, &err)) {
        answer_error(ans, 400, "ErrorInvalidRequest", "%s", err.data);
        goto out;
    }
    d.files = files;
    if (d.from && *d.from && strcasecmp(d.from, OWNER_ADDRESS)) {
        answer_error(ans, 403, "ErrorSendAsDenied",
                     "The user account which was used to submit this request does not have the "
                     "right to send mail on behalf of the specified sending account.");
    } else if (content_size(&d) > CONTENT_MAX) {
        answer_failure(ans, 413, -1);
    } else {
        d.from = OWNER_ADDRESS;
        deliver(sb->db, &d);
        answer_empty(ans, 200);
    }
out:
    attachments_free(files, files ? d.nfiles : 0);
    buf_release(&err);
}

/* --- replying --------------------------------------------------------------------------------- */

/*
 * The addresses of `list` but the owner's and those in `without`. The caller frees it; NULL: none.
 */
static char *others(const char *list, const char *without)
{
    char *addresses = text_addresses(list), *save, *one, *result;
    struct buf out;

    if (!addresses)
        return NULL;
    buf_init(&out, strlen(addresses) + 1);
    for (one = strtok_r(addresses, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
        if (strcasecmp(one, OWNER_ADDRESS) && !text_addresses_have(without, one))
            buf_addf(&out, "%s%s", out.len ? ";" : "", one);
    }
    result = out.len ? buf_detach(&out) : NULL;
    buf_release(&out);
    free(addresses);
    return result;
}

static char *reply_body(const cJSON *original, const char *comment)
{
    char *page = text_html_of_plain(comment), *body;

    body = xasprintf("%s<hr>\r\n<div><b>From:</b> %s<br>\r\n<b>Sent:</b> %s<br>\r\n"
                     "<b>Subject:</b> %s</div>\r\n%s",
                     page, json_str(original, "From") ? json_str(original, "From") : "",
                     json_str(original, "DateTimeReceived"), json_str(original, "Subject"),
                     json_str(original, "Body"));
    free(page);
    return body;
}

static void reply(struct db *db, const cJSON *original, const char *comment, bool all)
{
    const char *subject = json_str(original, "Subject"), *from = json_str(original, "ReplyTo");
    char *prefixed, *body = reply_body(original, comment), *to_others = NULL, *cc = NULL, *to;

    if (!from)
        from = json_str(original, "From") ? json_str(original, "From") : OWNER_ADDRESS;
    prefixed = !subject || strncasecmp(subject, "RE:", 3)
                   ? xasprintf("RE: %s", subject ? subject : "")
                   : xstrdup(subject);
    if (all) {
        to_others = others(json_str(original, "To"), from);
        cc = others(json_str(original, "Cc"), from);
    }
    to = to_others ? xasprintf("%s;%s", from, to_others) : xstrdup(from);
    deliver(db, &(struct message_draft){.from = OWNER_ADDRESS,
                                        .to = to,
                                        .cc = cc,
                                        .subject = prefixed,
                                        .body = body,
                                        .html = true,
                                        .importance = 1,
                                        .conversation = json_str(original, "ConversationId")});
    free(to);
    free(cc);
    free(to_others);
    free(prefixed);
    free(body);
}

void mail_reply(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *comment = request_param(req, "comment");
    struct record row;
    cJSON *original;
    bool all;

    if (!request_bool(req, "replyAll", false, &all, ans))
        return;
    if (!comment || !*comment) {
        answer_error(ans, 400, "ErrorInvalidRequest", "The parameter 'comment' is required.");
        return;
    }
    if (!db_record_get(sb->db, RECORD_MESSAGE, req->id, &row)) {
        answer_not_found(ans);
        return;
    }
    original = json_load(row.json);
    reply(sb->db, original, comment, all);
    cJSON_Delete(original);
    answer_empty(ans, 200);
    record_release(&row);
}
