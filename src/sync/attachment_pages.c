/*
 * attachment_pages.c - attachments of one folder that are read one after the other (grep -r, rsync,
 * a backup): many with one request, where the service lists messages with what they carry. The same for
 * the lists of what they carry, where listings do not have them.
 *
 * A page is a run of messages in the service's order around the one that is read, in both
 * directions as far as nothing of it is cached, and as large as PAGE_BYTES of answer. What the service
 * does not manage in time is asked for by half as much. What a page does not bring is asked for alone, as always.
 */
#include "attachments_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/item.h>

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES ((size_t)8 * 1024 * 1024) /* in memory at a time, a few times over */
#define PAGE_MESSAGES 200
#define ROW (30 * NS_PER_S)                /* between two messages that are read in a row */
#define PAUSE (60 * NS_PER_S)              /* after a page that was of no use */
#define UNKNOWN_BYTES ((size_t)256 * 1024) /* of attachments that the listing does not name */

static uint64_t hash_of(const char *id)
{
    return str_hash(1, id, strlen(id));
}

/* Is this another message of the folder that was read from a moment ago? */
static bool is_in_a_row(struct attachments_read *last, const char *folder, const char *message)
{
    int64_t now = clock_steady();
    bool row = last->folder == hash_of(folder) && last->message != hash_of(message) &&
               now < last->at + ROW;

    if (last->folder != hash_of(folder))
        last->halved = 0;
    last->folder = hash_of(folder);
    last->message = hash_of(message);
    last->at = now;
    return row && now >= last->paused_until;
}

/* --- which messages --- */

/* Of what the message carries; 0: some of it is cached. `all` is an array. */
static size_t weigh_contents(struct mailbox *mb, const char *message, const cJSON *all)
{
    size_t bytes = cJSON_GetArraySize(all) ? 0 : UNKNOWN_BYTES;
    const cJSON *a;

    cJSON_ArrayForEach(a, all)
    {
        const char *id = json_str(a, "Id");

        if (id && cache_attachment_is_there(mb->cache, message, id))
            return 0;
        bytes += (size_t)json_int(a, "Size", 0) / 3 * 4 + 1;
    }
    return bytes;
}

/* What listing this message with what it carries adds to the answer; 0: some of it is cached. */
static size_t weigh(struct mailbox *mb, const char *folder, const struct cache_place *place)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    cJSON *obj = NULL;
    size_t bytes = 0;

    if (cache_get(mb->cache, KIND_MESSAGE, folder, place->id, place->attachments, &r))
        return 0;
    bytes = r.size;
    if (place->attachments && !dialect_parse(KIND_MESSAGE, r.text, r.size, &obj, NULL)) {
        if (!json_get(obj, "Attachments")) {
            cJSON_Delete(obj);
            obj = attachments_kept_list(mb, place->id, "");
        }
        size_t contents = weigh_contents(mb, place->id, json_get(obj, "Attachments"));
        bytes = contents ? bytes + contents : 0;
    }
    cJSON_Delete(obj);
    return bytes;
}

/* The same of its list alone: they are counted. */
static size_t weigh_names(struct mailbox *mb, const struct cache_place *place)
{
    return !place->attachments ||
           !cache_attachment_is_there(mb->cache, place->id, MAILBOX_ATTACHMENT_LIST);
}

/* A page that is being put together: places [first, end) among `count`. */
struct run {
    struct mailbox *mb;
    const char *folder;
    enum remote_attachments what;
    struct attachments_read *last;
    struct cache_place *places;
    size_t count, first, end;
};

static size_t weigh_place(const struct run *run, size_t i)
{
    return run->what == REMOTE_NAMES ? weigh_names(run->mb, &run->places[i])
                                     : weigh(run->mb, run->folder, &run->places[i]);
}

static size_t page_bytes(const struct run *run)
{
    size_t limit = run->mb->config.attachments_max / 4;

    return (limit < PAGE_BYTES ? limit : PAGE_BYTES) >> run->last->halved;
}

/* Around a place. */
static void find_run(struct run *run, size_t at)
{
    size_t bytes = weigh_place(run, at), limit = page_bytes(run);
    size_t most = PAGE_MESSAGES >> run->last->halved;
    bool open[2] = {true, true}; /* before, behind */

    run->first = at;
    run->end = at + 1;
    if (bytes > limit / 2) /* streamed when it is asked for alone */
        return;
    while ((open[0] || open[1]) && run->end - run->first < most) {
        for (int side = 0; side < 2; side++) {
            size_t next = side ? run->end : run->first - 1;

            open[side] = open[side] && (side ? run->end < run->count : run->first > 0);
            size_t more = open[side] ? weigh_place(run, next) : 0;
            if (!more || bytes + more > limit) {
                open[side] = false;
                continue;
            }
            bytes += more;
            *(side ? &run->end : &run->first) = side ? next + 1 : next;
        }
    }
    while (run->first < at && !run->places[run->first].attachments)
        ++run->first;
    while (run->end - 1 > at && !run->places[run->end - 1].attachments)
        --run->end;
}

/* --- what they carry --- */

/* Nothing is kept empty where the message says it has bytes; it is asked for alone. */
static void keep(struct mailbox *mb, const char *message, const cJSON *attachment)
{
    const char *id = json_str(attachment, "Id");
    const char *bytes = json_str(attachment, "ContentBytes");

    if (id && bytes && (*bytes || !json_int(attachment, "Size", 0)) &&
        !cache_attachment_is_there(mb->cache, message, id))
        attachments_store(mb, message, id, bytes);
}

/* A list is kept that says of everything what it is: of an attached item only its own description does. A
 * draft's changes. That there is nothing is asked for alone, if anybody asks. */
static void keep_list(struct mailbox *mb, const char *message, const cJSON *obj)
{
    const struct kind_info *info = kind_info(KIND_MESSAGE);
    const cJSON *list = json_get(obj, info->attachments), *a;

    if (!cJSON_GetArraySize(list) || json_bool(obj, info->draft, false))
        return;
    cJSON_ArrayForEach(a, list)
    {
        if (!json_str(a, "contentType"))
            return;
    }
    attachments_store_list(mb, message, list);
}

static void keep_all(struct mailbox *mb, enum remote_attachments what, const struct item *item)
{
    SCOPED(json_release) cJSON *obj = NULL;
    cJSON *a;

    if (what == REMOTE_NAMES) {
        if (!json_parse_object(item->text, item->size, &obj, NULL))
            keep_list(mb, item->id, obj);
    } else if (!dialect_parse(KIND_MESSAGE, item->text, item->size, &obj, NULL)) {
        cJSON_ArrayForEach(a, json_get(obj, "Attachments")) keep(mb, item->id, a);
    }
}

/* `*ret_met`: with the message. */
static enum grade ask_page(const struct run *run, const char *message, struct cancel *cancel,
                           bool *ret_met, int *ret_status)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_query query = {.skip = (unsigned)run->first,
                                 .top = (unsigned)(run->end - run->first),
                                 .attachments = run->what};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    struct remote_page page = {0};
    enum grade grade =
        remote_list(run->mb->remote, KIND_MESSAGE, run->folder, &query, ctx, &page, &fault);

    *ret_met = false;
    for (size_t i = 0; grade == GRADE_OK && i < page.items.count; i++) {
        keep_all(run->mb, run->what, &page.items.list[i]);
        *ret_met |= str_eq(page.items.list[i].id, message);
    }
    *ret_status = fault.status;
    items_release(&page.items);
    return grade;
}

static void fetch_around(struct run *run, const char *message, struct cancel *cancel)
{
    size_t at = 0;
    bool met = true;
    int status = 0;

    while (at < run->count && !str_eq(run->places[at].id, message))
        at++;
    if (at == run->count)
        return;
    for (find_run(run, at); run->end - run->first > 1; find_run(run, at)) {
        enum grade grade = ask_page(run, message, cancel, &met, &status);

        if (grade == GRADE_OK || status != 504)
            break;
        run->last->halved++;
    }
    if (!met)
        run->last->paused_until = clock_steady() + PAUSE;
}

/* What is asked for in the place of an attachment; REMOTE_AS_LISTED: nothing that pages bring. */
static enum remote_attachments what_of(struct mailbox *mb, const char *attachment)
{
    if (str_starts(attachment, MAILBOX_MIME))
        return REMOTE_AS_LISTED;
    if (!str_starts(attachment, MAILBOX_ATTACHMENT_LIST))
        return remote_can(mb->remote, REMOTE_CAN_LIST_CONTENTS) ? REMOTE_CONTENTS
                                                                : REMOTE_AS_LISTED;
    return str_eq(attachment, MAILBOX_ATTACHMENT_LIST) &&
                   remote_can(mb->remote, REMOTE_CAN_LIST_NAMES)
               ? REMOTE_NAMES
               : REMOTE_AS_LISTED;
}

void attachments_read_ahead(struct mailbox *mb, const char *message, const char *attachment,
                            struct cancel *cancel)
{
    struct run run = {.mb = mb, .what = what_of(mb, attachment)};
    SCOPED(xfree) char *folder = NULL;
    char *key;

    if (!run.what || cache_find(mb->cache, KIND_MESSAGE, message, &folder))
        return;
    run.folder = folder;
    run.last = &mb->attachments_read[run.what];
    if (is_in_a_row(run.last, folder, message)) {
        key = xasprintf("attachments/%d/%s", run.what, folder);
        if (!flights_enter(mb->flights, key, cancel)) {
            if (!cache_attachment_is_there(mb->cache, message, attachment) &&
                !cache_order(mb->cache, KIND_MESSAGE, folder, &run.places, &run.count)) {
                fetch_around(&run, message, cancel);
                cache_places_free(run.places, run.count);
            }
            flights_leave(mb->flights, key);
        }
        free(key);
    }
}
