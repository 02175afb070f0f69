/*
 * subscription.c - subscribing sends a mail with options into the Inbox; unsubscribing leaves the
 * mail there and makes its links void.
 *
 * There is one mailbox, so the mail arrives in it whoever it is addressed to. The links in the mail
 * point at the host the subscriber spoke to: after a restart on another port they lead nowhere,
 * while the web page, which makes its links itself, still answers.
 */
#include "subscription_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "ids_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "post_p.h"
#include "request_p.h"
#include "route_p.h"
#include "sandbox_p.h"
#include "take_p.h"
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAIL_MAX ((size_t)64 * 1024 * 1024)
#define SIG_BYTES 32

/* What the two operations differ in. */
static const struct kind {
    const char *operation, *delete_operation, *path, *subject, *options;
} kinds[] = {
    {"SendMailWithOptions", "DeleteOptionsMailSubscription", "/mailwithoptions/$subscriptions",
     "Your input is required", "Choice1, Choice2, Choice3"},
    {"SendApprovalMail", "DeleteApprovalMailSubscription", "/approvalmail/$subscriptions",
     "Approval Request", "Approve, Reject"},
};

static const struct kind *kind_of(const char *operation)
{
    size_t i = 0;

    while (strcmp(kinds[i].operation, operation) && strcmp(kinds[i].delete_operation, operation))
        i++;
    return &kinds[i];
}

/* --- what is asked for ------------------------------------------------------------------------ */

struct wish {
    const char *url, *to, *subject, *header, *selection, *body;
    int importance;
    bool confirm;
    cJSON *options; /* texts */
    struct attachment *files;
    size_t nfiles;
};

static void wish_release(struct wish *w)
{
    cJSON_Delete(w->options);
    attachments_free(w->files, w->nfiles);
}

static bool take_options(struct wish *w, const char *list, struct buf *err)
{
    char *copy = xstrdup(list), *save, *one;
    int count;

    w->options = cJSON_CreateArray();
    for (one = strtok_r(copy, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
        size_t n;

        one += strspn(one, " \t\r\n");
        n = strlen(one);
        while (n && strchr(" \t\r\n", one[n - 1]))
            one[--n] = '\0';
        if (n)
            cJSON_AddItemToArray(w->options, cJSON_CreateString(one));
    }
    free(copy);
    count = cJSON_GetArraySize(w->options);
    if (!count || count > SUBSCRIPTION_OPTIONS_MAX)
        buf_fail(err, -EINVAL, "Options: %d options; 1 to %d, separated by commas, are required",
                 count, SUBSCRIPTION_OPTIONS_MAX);
    return count && count <= SUBSCRIPTION_OPTIONS_MAX;
}

static bool take_message(const struct kind *kind, const cJSON *message, struct wish *w,
                         struct buf *err)
{
    const char *options;
    bool ignored;

    if (!cJSON_IsObject(message)) {
        buf_fail(err, -EINVAL, "The Message field is required.");
        return false;
    }
    if (!take_addresses(message, "To", true, &w->to, err) ||
        !take_string(message, "Subject", false, &w->subject, err) ||
        !take_string(message, "Options", false, &options, err) ||
        !take_string(message, "HeaderText", false, &w->header, err) ||
        !take_string(message, "SelectionText", false, &w->selection, err) ||
        !take_string(message, "Body", false, &w->body, err) ||
        !take_importance(message, &w->importance, err) ||
        !take_bool(message, "UseOnlyHTMLMessage", &ignored, err) ||
        !take_bool(message, "HideHTMLMessage", &ignored, err) ||
        !take_bool(message, "HideMicrosoftFooter", &ignored, err) ||
        !take_bool(message, "ShowHTMLConfirmationDialog", &w->confirm, err))
        return false;
    if (!w->subject)
        w->subject = kind->subject;
    return take_options(w, options ? options : kind->options, err) &&
           !message_files(json_get(message, "Attachments"), &w->files, &w->nfiles, err);
}

static bool take_wish(const struct kind *kind, const cJSON *body, struct wish *w, struct buf *err)
{
    struct post_target target;

    if (!take_message(kind, json_get(body, "Message"), w, err) ||
        !take_string(body, "NotificationUrl", true, &w->url, err))
        return false;
    if (post_target_parse(w->url, &target, err))
        return false;
    post_target_release(&target);
    return true;
}

/* --- the subscription ------------------------------------------------------------------------- */

static void random_hex(char out[SIG_BYTES * 2 + 1])
{
    unsigned char bytes[SIG_BYTES];

    /* Up to 256 bytes come whole. */
    while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        ;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static cJSON *make(struct db *db, const struct kind *kind, const struct wish *w)
{
    cJSON *s = cJSON_CreateObject(), *options, *delivery;
    char *id = ids_guid(db_next(db)), created[40], sig[SIG_BYTES * 2 + 1];
    const cJSON *text;

    text_time_fine(db_now(db), created);
    cJSON_AddStringToObject(s, "id", id);
    cJSON_AddStringToObject(s, "operation", kind->operation);
    cJSON_AddStringToObject(s, "notificationUrl", w->url);
    cJSON_AddStringToObject(s, "created", created);
    cJSON_AddStringToObject(s, "to", w->to);
    cJSON_AddStringToObject(s, "subject", w->subject);
    cJSON_AddStringToObject(s, "selectionText", w->selection ? w->selection : "");
    cJSON_AddBoolToObject(s, "confirm", w->confirm);
    options = cJSON_AddArrayToObject(s, "options");
    cJSON_ArrayForEach(text, w->options)
    {
        cJSON *option = cJSON_CreateObject();

        random_hex(sig);
        cJSON_AddStringToObject(option, "text", text->valuestring);
        cJSON_AddStringToObject(option, "sig", sig);
        cJSON_AddItemToArray(options, option);
    }
    cJSON_AddNullToObject(s, "answer");
    cJSON_AddFalseToObject(s, "deleted");
    delivery = cJSON_AddObjectToObject(s, "delivery");
    cJSON_AddStringToObject(delivery, "state", "none");
    cJSON_AddNumberToObject(delivery, "attempts", 0);
    free(id);
    return s;
}

void subscription_store(struct db *db, const cJSON *subscription, bool pending)
{
    char *text = json_print(subscription);

    db_subscription_set(db, json_str(subscription, "id"), pending, text);
    cJSON_free(text);
}

char *subscription_link(const cJSON *subscription, int option)
{
    const cJSON *o = cJSON_GetArrayItem(json_get(subscription, "options"), option);
    char *plain =
        xasprintf("{\"subscription\":\"%s\",\"option\":%d}", json_str(subscription, "id"), option);
    char *state = text_base64(plain, strlen(plain), TEXT_BASE64_STANDARD), *link;
    struct buf encoded;

    buf_init(&encoded, 1024);
    str_percent_encode(&encoded, state, strlen(state));
    link = xasprintf(RECORD_RESPONSE_PATH "?state=%s&sig=%s", encoded.data, json_str(o, "sig"));
    buf_release(&encoded);
    free(state);
    free(plain);
    return link;
}

/* --- its mail --------------------------------------------------------------------------------- */

/* The Host header goes into links as it came; one that is no host and port does not. */
static const char *host_of(const struct request *req)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";

    if (!req->host || !*req->host || req->host[strspn(req->host, allowed)])
        return "127.0.0.1";
    return req->host;
}

static void add_element(struct buf *out, const char *open, const char *text, const char *close)
{
    if (!text || !*text)
        return;
    buf_addstr(out, open);
    text_add_escaped(out, text);
    buf_addstr(out, close);
}

/* Body is HTML as its sender wrote it; everything else is text. */
static char *mail_body(const struct request *req, const cJSON *subscription, const struct wish *w)
{
    int count = cJSON_GetArraySize(w->options);
    struct buf out;

    buf_init(&out, MAIL_MAX);
    buf_addstr(&out, "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; "
                     "charset=utf-8\"></head>\r\n<body style=\"font-family:Segoe UI,sans-serif\">");
    add_element(&out, "\r\n<h2>", w->header, "</h2>");
    if (w->body && *w->body)
        buf_addf(&out, "\r\n<div>%s</div>", w->body);
    add_element(&out, "\r\n<p>", w->selection, "</p>");
    buf_addstr(&out, "\r\n<p>");
    for (int i = 0; i < count; i++) {
        char *link = subscription_link(subscription, i);

        buf_addf(&out,
                 "\r\n<a href=\"http://%s%s\" style=\"display:inline-block;margin:4px 8px 4px 0;"
                 "padding:8px 20px;background:#0f5ea8;color:#ffffff;text-decoration:none;"
                 "border-radius:4px\">",
                 host_of(req), link);
        text_add_escaped(&out, cJSON_GetArrayItem(w->options, i)->valuestring);
        buf_addstr(&out, "</a>");
        free(link);
    }
    buf_addstr(&out, "</p>\r\n</body></html>\r\n");
    return buf_detach(&out);
}

static void send_mail(struct db *db, const struct request *req, const cJSON *subscription,
                      const struct wish *w)
{
    char *body = mail_body(req, subscription, w), *text = json_print(subscription);
    struct folder inbox;
    struct record mail;
    cJSON *made;

    picker_folder(db, "Inbox", &inbox);
    made = message_add(db, &inbox,
                       &(struct message_draft){.from = OWNER_ADDRESS,
                                               .to = w->to,
                                               .subject = w->subject,
                                               .body = body,
                                               .html = true,
                                               .importance = w->importance,
                                               .files = w->files,
                                               .nfiles = w->nfiles});
    db_record_get(db, RECORD_MESSAGE, json_str(made, "Id"), &mail);
    db_subscription_add(db, json_str(subscription, "id"), mail.row, text);
    record_release(&mail);
    cJSON_Delete(made);
    folder_release(&inbox);
    cJSON_free(text);
    free(body);
}

/* --- the operations --------------------------------------------------------------------------- */

static void answer_created(const struct kind *kind, const cJSON *subscription, struct answer *ans)
{
    char *resource = xasprintf(MANAGED_BASE "%s", kind->path), *location;
    cJSON *body = cJSON_CreateObject();

    location = xasprintf("%s/%s", resource, json_str(subscription, "id"));
    cJSON_AddStringToObject(body, "id", json_str(subscription, "id"));
    cJSON_AddStringToObject(body, "resource", resource);
    cJSON_AddStringToObject(body, "notificationType", "webhook");
    cJSON_AddStringToObject(body, "notificationUrl", json_str(subscription, "notificationUrl"));
    answer_json(ans, 201, body);
    answer_header(ans, "Location", location);
    free(location);
    free(resource);
}

void subscription_create(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const struct kind *kind = kind_of(req->op->name);
    const cJSON *body = request_object(req, ans);
    struct wish w = {.options = NULL};
    cJSON *subscription;
    struct buf err;

    if (!body)
        return;
    buf_init(&err, BUF_TEXT_MAX);
    if (take_wish(kind, body, &w, &err)) {
        subscription = make(sb->db, kind, &w);
        send_mail(sb->db, req, subscription, &w);
        answer_created(kind, subscription, ans);
        cJSON_Delete(subscription);
    } else {
        answer_error(ans, 400, "ErrorInvalidRequest", "%s", err.data);
    }
    wish_release(&w);
    buf_release(&err);
}

void subscription_delete(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    char *text = db_subscription(sb->db, req->id);
    cJSON *s = text ? json_load(text) : NULL;

    if (!s || json_bool(s, "deleted", false) ||
        kind_of(json_str(s, "operation")) != kind_of(req->op->name)) {
        answer_not_found(ans);
    } else {
        cJSON *delivery = json_get(s, "delivery");

        cJSON_ReplaceItemInObjectCaseSensitive(s, "deleted", cJSON_CreateTrue());
        /* Who unsubscribes while being notified has been told. */
        if (str_eq(json_str(delivery, "state"), "pending"))
            cJSON_ReplaceItemInObjectCaseSensitive(delivery, "state", cJSON_CreateString("none"));
        subscription_store(sb->db, s, false);
        answer_empty(ans, 200);
    }
    cJSON_Delete(s);
    free(text);
}

struct dump {
    struct db *db;
    cJSON *list;
};

static void dump_one(void *arg, const char *json, const char *message_id)
{
    struct dump *d = arg;
    cJSON *s = json_load(json), *option;
    struct record mail;
    char *path;
    int i = 0;

    cJSON_ArrayForEach(option, json_get(s, "options"))
    {
        char *link = subscription_link(s, i++);

        cJSON_AddStringToObject(option, "link", link);
        free(link);
    }
    if (message_id && db_record_get(d->db, RECORD_MESSAGE, message_id, &mail)) {
        path = picker_path(d->db, mail.folder);
        cJSON_AddStringToObject(s, "message", message_id);
        cJSON_AddStringToObject(s, "folder", path);
        free(path);
        record_release(&mail);
    }
    cJSON_AddItemToArray(d->list, s);
}

void subscription_list(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct dump d = {.db = sb->db, .list = cJSON_CreateArray()};

    (void)req;
    db_begin(sb->db);
    db_subscriptions(sb->db, dump_one, &d);
    db_end(sb->db, true);
    answer_json(ans, 200, d.list);
}
