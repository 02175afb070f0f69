/*
 * attachment_pages.c - attachments of one folder that are read one after the other (grep -r, rsync,
 * a backup): many with one request, where the service lists messages with what they carry.
 *
 * A page is a run of messages in the service's order around the one that is read, in both
 * directions as far as nothing of it is cached, and as large as PAGE_BYTES of answer. What a page
 * does not bring is asked for alone, as always.
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
static bool is_in_a_row(struct mailbox *mb, const char *folder, const char *message)
{
    struct attachments_read *last = &mb->attachments_read;
    int64_t now = clock_steady();
    bool row = last->folder == hash_of(folder) && last->message != hash_of(message) &&
               now < last->at + ROW;

    last->folder = hash_of(folder);
    last->message = hash_of(message);
    last->at = now;
    return row && now >= last->paused_until;
}

/* --- which messages --- */

/* What listing this message with what it carries adds to the answer; 0: some of it is cached. */
static size_t weigh(struct mailbox *mb, const char *folder, const struct cache_place *place)
{
    struct cache_record r = {0};
    cJSON *obj = NULL, *a;
    size_t bytes = 0;

    if (cache_get(mb->cache, KIND_MESSAGE, folder, place->id, place->attachments, &r))
        return 0;
    bytes = r.size;
    if (place->attachments && !dialect_parse(KIND_MESSAGE, r.text, r.size, &obj, NULL)) {
        const cJSON *all = json_get(obj, "Attachments");

        if (!cJSON_GetArraySize(all))
            bytes += UNKNOWN_BYTES;
        cJSON_ArrayForEach(a, all)
        {
            const char *id = json_str(a, "Id");

            if (id && cache_attachment_is_there(mb->cache, place->id, id)) {
                bytes = 0;
                break;
            }
            bytes += (size_t)json_int(a, "Size", 0) / 3 * 4;
        }
    }
    cJSON_Delete(obj);
    cache_record_release(&r);
    return bytes;
}

/* `at` is a place among `count`; the run around it goes to [*first, *end). */
static void find_run(struct mailbox *mb, const char *folder, const struct cache_place *places,
                     size_t count, size_t at, size_t *first, size_t *end)
{
    size_t bytes = weigh(mb, folder, &places[at]);
    size_t limit = mb->config.attachments_max / 4;
    bool open[2] = {true, true}; /* before, behind */

    if (limit > PAGE_BYTES)
        limit = PAGE_BYTES;
    *first = at;
    *end = at + 1;
    if (bytes > limit / 2) /* streamed when it is asked for alone */
        return;
    while ((open[0] || open[1]) && *end - *first < PAGE_MESSAGES) {
        for (int side = 0; side < 2; side++) {
            size_t next = side ? *end : *first - 1;

            open[side] = open[side] && (side ? *end < count : *first > 0);
            size_t more = open[side] ? weigh(mb, folder, &places[next]) : 0;
            if (!more || bytes + more > limit) {
                open[side] = false;
                continue;
            }
            bytes += more;
            *(side ? end : first) = side ? next + 1 : next;
        }
    }
    while (!places[*first].attachments)
        ++*first;
    while (!places[*end - 1].attachments)
        --*end;
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

static void keep_all(struct mailbox *mb, const struct item *item)
{
    cJSON *obj = NULL, *a;

    if (dialect_parse(KIND_MESSAGE, item->text, item->size, &obj, NULL))
        return;
    cJSON_ArrayForEach(a, json_get(obj, "Attachments")) keep(mb, item->id, a);
    cJSON_Delete(obj);
}

static bool ask_page(struct mailbox *mb, const char *folder, size_t first, size_t end,
                     const char *message, struct cancel *cancel)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_query query = {
        .skip = (unsigned)first, .top = (unsigned)(end - first), .attachments = true};
    struct remote_fault fault = {0};
    struct remote_page page = {0};
    bool met = false;

    enum grade grade = remote_list(mb->remote, KIND_MESSAGE, folder, &query, ctx, &page, &fault);
    for (size_t i = 0; grade == GRADE_OK && i < page.items.count; i++) {
        keep_all(mb, &page.items.list[i]);
        met |= str_eq(page.items.list[i].id, message);
    }
    items_release(&page.items);
    remote_fault_release(&fault);
    return met;
}

static void fetch_around(struct mailbox *mb, const char *folder, const char *message,
                         struct cancel *cancel)
{
    struct cache_place *places = NULL;
    size_t count = 0, at = 0, first, end;

    if (cache_order(mb->cache, KIND_MESSAGE, folder, &places, &count))
        return;
    while (at < count && !str_eq(places[at].id, message))
        at++;
    if (at < count) {
        find_run(mb, folder, places, count, at, &first, &end);
        if (end - first > 1 && !ask_page(mb, folder, first, end, message, cancel))
            mb->attachments_read.paused_until = clock_steady() + PAUSE;
    }
    cache_places_free(places, count);
}

void attachments_read_ahead(struct mailbox *mb, const char *message, const char *attachment,
                            struct cancel *cancel)
{
    char *folder = NULL, *key;

    if (!remote_can(mb->remote, REMOTE_CAN_LIST_CONTENTS) ||
        cache_find(mb->cache, KIND_MESSAGE, message, &folder))
        return;
    if (is_in_a_row(mb, folder, message)) {
        key = xasprintf("attachments/%s", folder);
        if (!flights_enter(mb->flights, key, cancel)) {
            if (!cache_attachment_is_there(mb->cache, message, attachment))
                fetch_around(mb, folder, message, cancel);
            flights_leave(mb->flights, key);
        }
        free(key);
    }
    free(folder);
}
