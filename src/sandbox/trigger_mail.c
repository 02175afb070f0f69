/*
 * trigger_mail.c - OnNewEmail: the mails that arrived in a folder since the last call.
 *
 * The cursor names the last mail looked at. Ids hold numbers that only grow, so what came later is
 * told by the number, and that mail may be moved or removed meanwhile. LastReceivedMailTime, which
 * begins with the time of the first call, keeps out what came later but was received before (an
 * import); what was moved into the folder did not arrive there and is never reported.
 */
#include "trigger_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "ids_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR "LastPollInformation"
#define CURSOR_MAX 4096
#define ANY_IMPORTANCE (-1)

/* What the request selects. Lists of addresses; NULL: every mail. */
struct selection {
    const char *to, *cc, *to_or_cc, *from, *subject;
    int importance;
    bool only_files, content;
};

/* Where the last call stopped. */
struct position {
    int64_t received;    /* ns */
    uint32_t number;     /* of the last mail looked at; 0: none was */
    char *id, *internet; /* of that mail; NULL: none */
    char *created;       /* when it came */
};

struct poll {
    struct db *db;
    struct selection wanted;
    struct position at;
    int64_t now;
    cJSON *found;
};

/* --- the cursor ------------------------------------------------------------------------------- */

static void position_release(struct position *p)
{
    free(p->id);
    free(p->internet);
    free(p->created);
}

static char *copy_string(const cJSON *object, const char *name)
{
    const char *value = json_str(object, name);

    return value ? xstrdup(value) : NULL;
}

static bool position_read(const char *cursor, struct position *ret)
{
    struct buf plain;
    cJSON *json = NULL;
    bool ok;

    *ret = (struct position){.number = 0};
    buf_init(&plain, CURSOR_MAX);
    ok = !text_base64_decode(&plain, cursor) &&
         !json_parse_object(plain.data, plain.len, &json, NULL);
    if (ok) {
        const char *received = json_str(json, "LastReceivedMailTime");

        ret->id = copy_string(json, "LastMessageId");
        ret->internet = copy_string(json, "LastInternetMessageId");
        ret->created = copy_string(json, "LastCreatedMailTime");
        ok = received && !str_parse_time(received, &ret->received) && ret->created &&
             (!ret->id || ids_item_number(ret->id, &ret->number));
    }
    cJSON_Delete(json);
    buf_release(&plain);
    return ok;
}

static void add_or_null(cJSON *object, const char *name, const char *value)
{
    cJSON_AddItemToObject(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

static char *position_write(const struct position *p)
{
    cJSON *json = cJSON_CreateObject();
    char received[40], *text, *cursor;

    text_time_fine(p->received, received);
    cJSON_AddStringToObject(json, "LastReceivedMailTime", received);
    cJSON_AddStringToObject(json, "LastCreatedMailTime", p->created);
    add_or_null(json, "LastMessageId", p->id);
    add_or_null(json, "LastInternetMessageId", p->internet);
    text = json_print(json);
    cursor = text_base64(text, strlen(text), TEXT_BASE64_STANDARD);
    cJSON_free(text);
    cJSON_Delete(json);
    return cursor;
}

static void position_move(struct position *p, const cJSON *message, uint32_t number, int64_t now)
{
    const char *created = json_str(message, "DateTimeReceived");
    int64_t received;

    /* A date in the future must not hide the mails that come before it. */
    if (!str_parse_time(created, &received) && received > p->received)
        p->received = received < now ? received : now;
    p->number = number;
    free(p->id);
    p->id = copy_string(message, "Id");
    free(p->internet);
    p->internet = copy_string(message, "InternetMessageId");
    free(p->created);
    p->created = xstrdup(created);
}

/* --- the mails -------------------------------------------------------------------------------- */

/* One of the wanted addresses is in the list; nobody wanted: yes. */
static bool any_address(const char *wanted, const char *list, const char *other_list)
{
    char *addresses = text_addresses(wanted), *save, *one;
    bool any = !addresses;

    if (!addresses)
        return true;
    for (one = strtok_r(addresses, ";", &save); one && !any; one = strtok_r(NULL, ";", &save))
        any = text_addresses_have(list, one) || text_addresses_have(other_list, one);
    free(addresses);
    return any;
}

static bool selected(const struct selection *w, const cJSON *m)
{
    const char *to = json_str(m, "To"), *cc = json_str(m, "Cc"), *subject = json_str(m, "Subject");

    return any_address(w->to, to, NULL) && any_address(w->cc, cc, NULL) &&
           any_address(w->to_or_cc, to, cc) && any_address(w->from, json_str(m, "From"), NULL) &&
           (w->importance == ANY_IMPORTANCE || json_int(m, "Importance", 1) == w->importance) &&
           (!w->only_files || json_bool(m, "HasAttachment", false)) &&
           (!w->subject || !*w->subject || text_contains(subject ? subject : "", w->subject));
}

static bool look_at(void *arg, const struct record_row *row)
{
    struct poll *p = arg;
    uint32_t number;
    cJSON *message;

    if (!ids_item_number(row->id, &number) || number <= p->at.number)
        return true;
    message = json_load(row->json);
    position_move(&p->at, message, number, p->now);
    if (selected(&p->wanted, message))
        cJSON_AddItemToArray(p->found, message_form(p->db, row, MESSAGE_SINGLE, p->wanted.content));
    cJSON_Delete(message);
    return cJSON_GetArraySize(p->found) < TRIGGER_BATCH;
}

static void look_for_new(struct poll *p, const char *folder)
{
    /* Mails are dated to the second, the cursor more finely. */
    struct record_query q = {.kind = RECORD_MESSAGE,
                             .folder = folder,
                             .arrived_only = true,
                             .sort_from = p->at.received - p->at.received % NS_PER_S,
                             .order = ORDER_ARRIVAL,
                             .top = -1};

    db_records(p->db, &q, look_at, p);
}

static bool newest(void *arg, const struct record_row *row)
{
    struct poll *p = arg;
    cJSON *message = json_load(row->json);
    uint32_t number = 0;

    ids_item_number(row->id, &number);
    position_move(&p->at, message, number, p->now);
    cJSON_Delete(message);
    return false;
}

/* Everything that is there now is old. */
static void set_baseline(struct poll *p, const char *folder)
{
    struct record_query q = {.kind = RECORD_MESSAGE,
                             .folder = folder,
                             .arrived_only = true,
                             .order = ORDER_ARRIVAL,
                             .descending = true,
                             .top = 1};
    char now[32];

    str_format_time(p->now, now);
    p->at.received = p->now;
    p->at.created = xstrdup(now);
    db_records(p->db, &q, newest, p);
}

static bool show_newest(void *arg, const struct record_row *row)
{
    struct poll *p = arg;
    cJSON *message = message_form(p->db, row, MESSAGE_SINGLE, p->wanted.content);

    if (selected(&p->wanted, message))
        cJSON_AddItemToArray(p->found, message);
    else
        cJSON_Delete(message);
    return !cJSON_GetArraySize(p->found);
}

static void simulate(struct poll *p, const char *folder)
{
    struct record_query q = {
        .kind = RECORD_MESSAGE, .folder = folder, .descending = true, .top = -1};

    db_records(p->db, &q, show_newest, p);
}

/* --- the operation ---------------------------------------------------------------------------- */

static bool read_selection(const struct request *req, struct answer *ans, struct selection *ret)
{
    const char *importance = request_param(req, "importance");

    *ret = (struct selection){.to = request_param(req, "to"),
                              .cc = request_param(req, "cc"),
                              .to_or_cc = request_param(req, "toOrCc"),
                              .from = request_param(req, "from"),
                              .subject = request_param(req, "subjectFilter"),
                              .importance = ANY_IMPORTANCE};
    if (importance && *importance && strcmp(importance, "Any")) {
        ret->importance = message_importance(importance);
        if (ret->importance < 0) {
            answer_error(ans, 400, "ErrorInvalidRequest",
                         "The value '%s' of parameter 'importance' is not one of Any, Low, "
                         "Normal, High.",
                         importance);
            return false;
        }
    }
    return request_bool(req, "fetchOnlyWithAttachment", false, &ret->only_files, ans) &&
           request_bool(req, "includeAttachments", false, &ret->content, ans);
}

static void poll_folder(struct sandbox *sb, const struct request *req, struct answer *ans,
                        struct poll *p, const char *folder)
{
    const char *cursor = request_param(req, CURSOR);
    bool baseline = !cursor || !*cursor;
    char *next;

    if (baseline)
        set_baseline(p, folder);
    else if (position_read(cursor, &p->at))
        look_for_new(p, folder);
    else {
        answer_error(ans, 400, "ErrorInvalidRequest", "The parameter '" CURSOR "' is not valid.");
        cJSON_Delete(p->found);
        return;
    }
    next = position_write(&p->at);
    trigger_answer(sb, req, ans, baseline, CURSOR, next, p->found);
    free(next);
}

void trigger_new_email(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *path = request_param(req, "folderPath");
    struct poll p = {.db = sb->db, .now = db_now(sb->db)};
    struct folder folder;

    if (!read_selection(req, ans, &p.wanted))
        return;
    if (!picker_folder(sb->db, path && *path ? path : "Inbox", &folder)) {
        answer_error(ans, 404, "ErrorItemNotFound",
                     "The specified folder could not be found in the store.");
        return;
    }
    p.found = cJSON_CreateArray();
    if (trigger_simulated(req)) {
        simulate(&p, folder.id);
        trigger_answer_simulated(sb, ans, p.found);
    } else {
        poll_folder(sb, req, ans, &p, folder.id);
    }
    position_release(&p.at);
    folder_release(&folder);
}
