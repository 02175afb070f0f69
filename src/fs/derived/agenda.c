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
    return (struct node_spec){.ino = name_ino("agenda", dir->folder, day),
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
    *ret = tree_obtain(fs, day_spec(dir, name));
    return 0;
}

static int agenda_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    time_t now = (time_t)(clock_now() / NS_PER_S);
    struct tm tm;
    (void)fs;
    (void)req;
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
    return (struct node_spec){.ino = name_ino("agenda", dir->folder, dir->id, id),
                              .ops = &occurrence_ops,
                              .parent = dir,
                              .name = name,
                              .kind = dir->kind,
                              .folder = dir->folder,
                              .id = dir->id,
                              .part = id};
}

static int walk(struct dir_walk *w, struct cancel *cancel, struct node **ret)
{
    struct search_result *r = NULL;
    int rc = look(w->fs, cancel, w->dir, SEARCH_KNOWN, &r);

    for (size_t i = 0; !rc && i < r->nitems; i++) {
        const struct item *item = &r->items[i];
        char *name = dir_walk_name(w, name_of(item), item->id);

        dir_walk_entry(w, occurrence_spec(w->dir, name, item->id));
        free(name);
    }
    search_put(w->fs->mailbox, r);
    return dir_walk_end(w, rc, ret);
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
    return walk(&(struct dir_walk){.fs = fs, .dir = dir, .list = list}, req->cancel, NULL);
}

static int day_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    if (!name_is_record(name))
        return -ENOENT;
    return walk(&(struct dir_walk){.fs = fs, .dir = dir, .wanted = name}, req->cancel, ret);
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
