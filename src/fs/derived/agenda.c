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
    const char *parts[] = {"agenda", dir->folder, day};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = &day_ops,
                              .parent = dir,
                              .name = day,
                              .kind = dir->kind,
                              .folder = dir->folder,
                              .id = day};
}

static int agenda_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    struct event_day day;

    (void)req;
    if (event_day_parse(name, &day))
        return -ENOENT;
    struct node_spec spec = day_spec(dir, name);
    *ret = tree_obtain(fs, &spec);
    return 0;
}

static int agenda_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    time_t now = (time_t)(clock_now() / NS_PER_S);
    struct tm tm;
    int rc = 0;

    (void)fs;
    (void)req;
    localtime_r(&now, &tm);
    for (int i = 0; i < DAYS_LISTED && !rc; i++) {
        struct tm day = {
            .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday + i, .tm_hour = 12};
        char name[EVENT_DAY_SIZE];

        timegm(&day); /* brings the date into its month */
        strftime(name, sizeof(name), "%Y-%m-%d", &day);
        struct node_spec spec = day_spec(dir, name);
        rc = dir_add(list, &spec, NULL);
    }
    return rc;
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
    struct cJSON *event = NULL;
    struct label label = {0};

    dialect_parse(item->kind, item->text, item->size, &event, NULL);
    label_make(item->kind, false, event, item->id, &label);
    char *name = xstrdup(label.name);
    label_release(&label);
    cJSON_Delete(event);
    return name;
}

static struct node_spec occurrence_spec(struct node *dir, const char *name, const char *id)
{
    const char *parts[] = {"agenda", dir->folder, dir->id, id};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = &occurrence_ops,
                              .parent = dir,
                              .name = name,
                              .kind = dir->kind,
                              .folder = dir->folder,
                              .id = dir->id,
                              .part = id};
}

/* Calls `each` with names that differ: of equal ones the second gets a hash of its id. */
static int each_occurrence(const struct search_result *r,
                           int (*each)(void *ctx, const char *name, const char *id), void *ctx)
{
    struct map taken;
    int rc = 0;

    map_init(&taken);
    for (size_t i = 0; i < r->nitems && !rc; i++) {
        char *name = name_of(&r->items[i]);

        if (map_get(&taken, name)) {
            char *unique = name_unique(name, r->items[i].id, true);
            free(name);
            name = unique;
        }
        map_set(&taken, name, &taken);
        rc = each(ctx, name, r->items[i].id);
        free(name);
    }
    map_release(&taken);
    return rc;
}

struct visit {
    struct fs *fs;
    struct node *dir;
    struct dir_list *list; /* listing, or ... */
    const char *wanted;    /* ... looking for this name, which gives `found` */
    struct node *found;
};

static int visit_occurrence(void *ctx, const char *name, const char *id)
{
    struct visit *v = ctx;
    struct node_spec spec = occurrence_spec(v->dir, name, id);

    if (v->list)
        return dir_add(v->list, &spec, NULL);
    if (!v->found && str_eq(name, v->wanted))
        v->found = tree_obtain(v->fs, &spec);
    return 0;
}

static int visit(struct visit *v, struct cancel *cancel)
{
    struct search_result *r = NULL;
    int rc = look(v->fs, cancel, v->dir, SEARCH_KNOWN, &r);

    if (!rc)
        rc = each_occurrence(r, visit_occurrence, v);
    search_put(v->fs->mailbox, r);
    return rc;
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
    struct visit v = {.fs = fs, .dir = dir, .list = list};

    return visit(&v, req->cancel);
}

static int day_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    struct visit v = {.fs = fs, .dir = dir, .wanted = name};

    if (!name_is_record(name))
        return -ENOENT;
    int rc = visit(&v, req->cancel);
    if (!rc && !v.found)
        rc = -ENOENT;
    if (!rc)
        *ret = v.found;
    return rc;
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

static int load_occurrence(struct fs *fs, struct cancel *cancel, const struct node *node,
                           enum search_age age, struct content *ret)
{
    struct search_result *r = NULL;
    int rc = look(fs, cancel, node, age, &r);
    const struct item *item = rc ? NULL : find_item(r, node->part);

    if (!rc && !item)
        rc = -ENOENT;
    if (!rc) {
        ret->text = xstrndup(item->text, item->size);
        ret->len = item->size;
        ret->mtime = item->mtime ? item->mtime : fs->birth;
    }
    search_put(fs->mailbox, r);
    return rc == -ENODATA ? -ENOENT : rc;
}

static int occurrence_prepare(struct fs *fs, const struct fs_req *req, struct node *node)
{
    struct content made = {.fd = -1};
    int rc = load_occurrence(fs, req->cancel, node, SEARCH_KNOWN, &made);

    free(made.text);
    return rc;
}

static int occurrence_load(struct fs *fs, struct node *node, struct content *ret)
{
    return load_occurrence(fs, NULL, node, SEARCH_CACHED, ret);
}

static int occurrence_getattr(struct fs *fs, const struct fs_req *req, struct node *node,
                              struct stat *ret)
{
    struct content made = {.fd = -1};
    int rc = content_stat_open(fs, node, ret);

    if (rc != -ENOENT)
        return rc;
    rc = load_occurrence(fs, req ? req->cancel : NULL, node, SEARCH_KNOWN, &made);
    if (!rc)
        rc = content_stat(&made, ret);
    free(made.text);
    return rc;
}

static int occurrence_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    (void)fs;
    return str_eq(name, "id") ? buf_addstr(out, node->part) : -ENODATA;
}

static const struct node_ops occurrence_ops = {
    .name = "occurrence",
    .type = S_IFREG,
    .flags = NODE_READ_ONLY | NODE_VOLATILE,
    .getattr = occurrence_getattr,
    .getxattr = occurrence_getxattr,
    .prepare = occurrence_prepare,
    .load = occurrence_load,
};
