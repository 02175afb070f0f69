/*
 * agenda.c - views/calendars/<calendar>/agenda/<day>/: what happens on a day of the local zone.
 *
 * A series is one record, so the occurrences of a day are not links but files: one each, named as in
 * by-date/, with the object that the service gives for it, to read. Any day is there by its name, 2026-11-30; listed are those
 * of the next two weeks. A look at a day asks the service, and the answer is good for list_ttl.
 */
#include "derived_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/event.h>
#include <outlookfs/model/label.h>
#include <outlookfs/model/name.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_LISTED 14
#define REFUSAL "an agenda shows the calendar; change or remove the event itself"

static const struct node_ops day_ops, occurrence_ops;

/* --- the days --- */

static struct node_spec day_spec(struct node *dir, const char *day)
{
    struct node_spec spec = spec_in(dir, &day_ops, name_ino("agenda", dir->folder, day), day);

    spec.id = day;
    return spec;
}

static int agenda_lookup(struct fs *fs, const struct fs_req *, struct node *dir, const char *name,
                         struct node **ret)
{
    struct event_day day;

    if (event_day_parse(name, &day))
        return -ENOENT;
    *ret = tree_obtain(fs, day_spec(dir, name));
    return 0;
}

static int agenda_list(struct fs *, const struct fs_req *, struct node *dir, struct dir_list *list)
{
    time_t now = (time_t)(clock_now() / NS_PER_S);
    struct tm tm;
    localtime_r(&now, &tm);
    for (int i = 0; i < DAYS_LISTED; i++) {
        struct tm day = {
            .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday + i, .tm_hour = 12};
        char name[EVENT_DAY_SIZE];

        timegm(&day); /* brings the date into its month */
        strftime(name, sizeof(name), "%Y-%m-%d", &day);
        dir_add(list, day_spec(dir, name), NULL);
    }
    return 0;
}

const struct node_ops agenda_ops = {
    .name = "agenda",
    .type = S_IFDIR,
    .flags = NODE_READ_ONLY,
    .refusal = REFUSAL,
    .lookup = agenda_lookup,
    .list = agenda_list,
};

/* --- a day --- */

static int look(struct fs *fs, struct cancel *cancel, const struct node *node, enum search_age age,
                struct search_result **ret)
{
    struct search what = {
        .kind = node->kind, .folder = node->folder, .name = node->id, .agenda = true};

    return search_look(fs->mailbox, &what, age, cancel, ret, NULL);
}

/* The caller frees it. */
static char *name_of(const struct item *item)
{
    SCOPED(json_release) struct cJSON *event = NULL;
    SCOPED(label_release) struct label label = {0};

    dialect_parse(item->kind, item->text, item->size, &event, NULL);
    label_make(item->kind, false, event, item->id, &label);
    return xstrdup(label.name);
}

static int day_open(struct fs *fs, const struct fs_req *req, struct node *dir)
{
    struct search_result *r = NULL;
    int rc = look(fs, req->cancel, dir, SEARCH_FRESH, &r);

    search_put(fs->mailbox, r);
    return rc;
}

static int day_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                    struct dir_list *list)
{
    struct search_result *r = NULL;
    int rc = look(fs, req->cancel, dir, SEARCH_KNOWN, &r);

    for (size_t i = 0; !rc && i < r->nitems; i++) {
        const struct item *item = &r->items[i];
        SCOPED(xfree) char *name = dir_unique_name(list, name_of(item), item->id);
        struct node_spec spec =
            spec_in(dir, &occurrence_ops, name_ino("agenda", dir->folder, dir->id, item->id), name);

        spec.id = dir->id;
        spec.part = item->id;
        dir_add(list, spec, NULL);
    }
    search_put(fs->mailbox, r);
    return rc;
}

/* Programs probe for other names, and a day that nobody has looked at is asked for. */
static int day_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    return name_is_record(name) ? dir_find(fs, req, dir, name, ret) : -ENOENT;
}

static const struct node_ops day_ops = {
    .name = "day of an agenda",
    .type = S_IFDIR,
    .flags = NODE_READ_ONLY | NODE_VOLATILE,
    .refusal = REFUSAL,
    .prepare = day_open,
    .lookup = day_lookup,
    .list = day_list,
};

/* --- an occurrence --- */

static const struct item *find_item(const struct search_result *r, const char *id)
{
    for (size_t i = 0; i < r->nitems; i++) {
        if (str_eq(r->items[i].id, id))
            return &r->items[i];
    }
    return NULL;
}

static int occurrence_make(struct fs *fs, const struct fs_req *req, struct node *node,
                           struct content *ret)
{
    struct search_result *r = NULL;
    int rc = look(fs, req->cancel, node, SEARCH_KNOWN, &r);
    const struct item *item = rc ? NULL : find_item(r, node->part);

    if (!rc && !item)
        rc = -ENOENT;
    if (!rc) {
        ret->text = xstrndup(item->text, item->size);
        ret->len = item->size;
        ret->mtime = item->mtime ? item->mtime : fs->birth;
    }
    search_put(fs->mailbox, r);
    return rc;
}

static int occurrence_getxattr(struct fs *, struct node *node, const char *name, struct buf *out)
{
    return str_eq(name, "id") ? buf_addstr(out, node->part) : -ENODATA;
}

static const struct node_ops occurrence_ops = {
    .name = "occurrence",
    .type = S_IFREG,
    .flags = NODE_READ_ONLY | NODE_VOLATILE,
    .getxattr = occurrence_getxattr,
    .make = occurrence_make,
};
