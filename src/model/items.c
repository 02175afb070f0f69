/*
 * items.c - the tokens of an answer, written as the texts of records on the way.
 */
#include <outlookfs/model/items.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_walk.h>
#include <outlookfs/base/json_writer.h>

#include "item_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Larger texts keep the memory they were written into. */
#define COPY_MAX ((size_t)64 * 1024)

struct page {
    enum kind kind;
    struct items *items;
    struct json_walk *walk;
    struct buf text; /* of the record that is read */
    struct json_writer writer;
    struct item_member members[ITEM_PATHS];
    bool odd; /* the record needs a tree: a name came twice, or it is to be normalised */
};

/* --- one record ------------------------------------------------------------------------------ */

static void write_name(struct page *p)
{
    struct json_reader *r = &p->walk->reader;

    if (r->plain) {
        json_write_plain_name(&p->writer, r->start, r->length);
    } else {
        SCOPED(xfree) char *name = json_reader_string(r);

        json_write_name(&p->writer, name, strlen(name));
    }
}

/* The string goes to `member`, too, which may be NULL. */
static void write_string(struct page *p, struct item_member *member)
{
    struct json_reader *r = &p->walk->reader;
    char *string = NULL;

    if (r->plain)
        json_write_plain_string(&p->writer, r->start, r->length);
    if (!r->plain || member)
        string = json_reader_string(r);
    if (!r->plain)
        json_write_string(&p->writer, string, strlen(string));
    if (member)
        member->string = string;
    else
        free(string);
}

/* Goes behind the value whose token this is. False: the text ends in it or is wrong there. */
static bool skip_value(struct json_walk *walk, enum json_token token)
{
    if (token == JSON_OBJECT || token == JSON_ARRAY)
        token = json_skip(&walk->reader);
    return token < JSON_END;
}

static bool write_token(struct page *p, enum json_token token, size_t base);

/* A type that every record has is left out. */
static bool write_type(struct page *p, size_t base)
{
    const char *type = kind_info(p->kind)->type;
    enum json_token token = json_walk_next(p->walk);

    if (type && token == JSON_STRING && json_reader_is(&p->walk->reader, type))
        return true;
    json_write_plain_name(&p->writer, "@odata.type", strlen("@odata.type"));
    return write_token(p, token, base);
}

/* Writes what the token says. False: as skip_value(). */
static bool write_token(struct page *p, enum json_token token, size_t base)
{
    struct json_reader *r = &p->walk->reader;
    struct item_member *member = p->walk->member >= 0 ? &p->members[p->walk->member] : NULL;

    if (member) {
        free(member->string);
        *member = (struct item_member){.token = token};
    }
    switch (token) {
    case JSON_NAME:
        if (r->depth == base && json_reader_is(r, "@odata.context"))
            return skip_value(p->walk, json_walk_next(p->walk));
        if (r->depth == base && json_reader_is(r, "@odata.type"))
            return write_type(p, base);
        write_name(p);
        return true;
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (r->depth - base < JSON_DEPTH_MAX) {
            json_write_open(&p->writer, *r->start);
            return true;
        }
        if (!skip_value(p->walk, token))
            return false;
        json_write_raw(&p->writer, r->start, r->length);
        return true;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        if (member)
            member->filled = p->writer.follows;
        json_write_close(&p->writer, *r->start);
        return true;
    case JSON_STRING:
        write_string(p, member);
        return true;
    case JSON_END:
    case JSON_CUT:
    case JSON_BAD:
        return false;
    default:
        json_write_raw(&p->writer, r->start, r->length);
        return true;
    }
}

static void forget_members(struct page *p)
{
    for (size_t i = 0; i < ITEM_PATHS; i++) {
        free(p->members[i].string);
        p->members[i] = (struct item_member){.token = JSON_END};
    }
}

/* The text as a string of its own. */
static char *take_text(struct page *p)
{
    return p->text.len > COPY_MAX ? buf_detach(&p->text) : xstrndup(p->text.data, p->text.len);
}

/* A tree of the record's bytes says what is meant. */
static int item_of_tree(struct page *p, const char *record, size_t len, struct item *ret,
                        struct buf *err)
{
    SCOPED(json_release) cJSON *obj = NULL;
    bool mended;
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = json_parse_mended(record, len, &obj, &mended, &why);
    if (rc)
        buf_fail(err, rc, "%s %s: %s", kind_info(p->kind)->name,
                 p->members[ITEM_ID].string ? p->members[ITEM_ID].string : "without an id",
                 why.data);
    else
        rc = item_from_json(p->kind, obj, ret, err);
    return rc;
}

/* What the list has said of the record so far; mostly nothing, and in a feed only. */
static void drop_entry(struct items *items, const char *id)
{
    for (size_t i = 0; i < items->nremoved; i++) {
        if (!strcmp(items->removed[i], id)) {
            free(items->removed[i]);
            items->removed[i--] = items->removed[--items->nremoved];
        }
    }
}

/* The entry says that the record is gone. */
static void add_removed(struct page *p)
{
    struct items *items = p->items;
    struct item_member *id = &p->members[ITEM_ID];

    if (id->token != JSON_STRING || !*id->string)
        return;
    for (size_t i = 0; i < items->count; i++) {
        if (!strcmp(items->list[i].id, id->string)) {
            item_release(&items->list[i]);
            memmove(&items->list[i], &items->list[i + 1],
                    (--items->count - i) * sizeof(*items->list));
            i--;
        }
    }
    drop_entry(items, id->string);
    items->removed = xgrow(items->removed, items->nremoved, sizeof(char *));
    items->removed[items->nremoved++] = id->string;
    *id = (struct item_member){.token = JSON_END};
}

static void add_item(struct page *p, const char *record, size_t len)
{
    struct items *items = p->items;
    struct item item = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc;

    if (p->odd || item_is_odd(p->kind, p->members)) {
        rc = item_of_tree(p, record, len, &item, &err);
    } else if (p->writer.error) {
        rc = buf_fail(&err, p->writer.error, "too large");
    } else {
        rc = item_identify(p->kind, p->members, &item, &err);
        item.size = p->text.len;
        if (!rc)
            item.text = take_text(p);
    }
    if (!rc)
        drop_entry(items, item.id);
    if (rc) {
        items->left_out = xgrow(items->left_out, items->nleft, sizeof(char *));
        items->left_out[items->nleft++] = xstrdup(err.data);
        items->nameless += rc == -EBADMSG;
    } else {
        items->list = xgrow(items->list, items->count, sizeof(item));
        items->list[items->count++] = item;
    }
}

/* The reader is behind the record's JSON_OBJECT. */
static bool read_record(struct page *p)
{
    struct json_reader *r = &p->walk->reader;
    const char *record = r->start;
    size_t base = r->depth;

    forget_members(p);
    buf_clear(&p->text);
    p->writer = (struct json_writer){.out = &p->text, .indent = true};
    p->walk->repeated = false;
    json_walk_root(p->walk);
    json_write_open(&p->writer, '{');
    while (r->depth >= base)
        if (!write_token(p, json_walk_next(p->walk), base))
            return false;
    if (!p->writer.error)
        p->writer.error = buf_addch(&p->text, '\n');
    p->odd = p->walk->repeated;
    if (p->members[ITEM_REMOVED].token == JSON_OBJECT_END)
        add_removed(p);
    else
        add_item(p, record, (size_t)(r->text + r->pos - record));
    return true;
}

static void drop_records(struct items *items)
{
    for (size_t i = 0; i < items->count; i++)
        item_release(&items->list[i]);
    free(items->list);
    xstrfree(items->left_out, items->nleft);
    xstrfree(items->removed, items->nremoved);
    items->list = NULL;
    items->count = 0;
    items->left_out = NULL;
    items->nleft = 0;
    items->nameless = 0;
    items->removed = NULL;
    items->nremoved = 0;
}

/* --- the answer ------------------------------------------------------------------------------ */

enum outcome { READ, BROKEN, NO_LIST };

/* The reader is behind the list's JSON_ARRAY. */
static enum outcome read_list(struct page *p)
{
    drop_records(p->items); /* "value" came before: the last one counts */
    for (;;) {
        enum json_token token = json_walk_next(p->walk);

        if (token == JSON_ARRAY_END)
            return READ;
        if (token >= JSON_END)
            return BROKEN;
        if (token != JSON_OBJECT)
            return NO_LIST;
        if (!read_record(p))
            return BROKEN;
    }
}

static enum outcome read_link(struct page *p, enum json_token token, char **link)
{
    if (token != JSON_STRING)
        return skip_value(p->walk, token) ? READ : BROKEN;
    free(*link);
    *link = json_reader_string(&p->walk->reader);
    if (!**link) {
        xstrset(link, NULL);
    }
    return READ;
}

/* {"value": [...], "@odata.nextLink": "..."} behind its JSON_OBJECT. */
static enum outcome read_envelope(struct page *p)
{
    struct json_reader *r = &p->walk->reader;
    bool listed = false;

    p->items->form = LIST_VALUE;
    for (;;) {
        enum json_token token = json_walk_next(p->walk);
        enum outcome outcome = READ;

        if (token == JSON_OBJECT_END)
            return listed ? READ : NO_LIST;
        if (token != JSON_NAME)
            return BROKEN;
        bool value = json_reader_is(r, "value");
        char **link = json_reader_is(r, "@odata.nextLink")    ? &p->items->next_link
                      : json_reader_is(r, "@odata.deltaLink") ? &p->items->delta_link
                                                              : NULL;
        if (json_reader_is(r, "error"))
            return NO_LIST;
        if (json_reader_is(r, "@odata.context"))
            p->items->form = LIST_ODATA;
        token = json_walk_next(p->walk);
        if (value && token == JSON_ARRAY) {
            outcome = read_list(p);
            listed = true;
        } else if (link) {
            outcome = read_link(p, token, link);
        } else if (!skip_value(p->walk, token)) {
            outcome = BROKEN;
        }
        if (outcome != READ)
            return outcome;
    }
}

static enum outcome read_answer(struct page *p)
{
    enum json_token token = json_walk_next(p->walk);
    enum outcome outcome = token == JSON_ARRAY    ? read_list(p)
                           : token == JSON_OBJECT ? read_envelope(p)
                           : token < JSON_END     ? NO_LIST
                                                  : BROKEN;

    if (outcome == READ && json_walk_next(p->walk) != JSON_END)
        outcome = BROKEN;
    return outcome;
}

int items_read(struct items *ret, enum kind kind, const char *text, size_t len, struct buf *err)
{
    struct page p = {.kind = kind, .items = ret};
    const char *paths[ITEM_PATHS];
    int rc = 0;

    *ret = (struct items){0};
    item_paths(kind, paths);
    p.walk = json_walk_create(paths, ITEM_PATHS);
    struct json_reader *r = &p.walk->reader;
    buf_init(&p.text, ITEM_TEXT_MAX);
    json_walk_text(p.walk, text, len);
    r->mend = true;
    r->max_depth = JSON_READER_DEPTH;
    forget_members(&p);

    switch (read_answer(&p)) {
    case READ:
        ret->mended = r->mended;
        break;
    case NO_LIST:
        rc = buf_fail(err, -EBADMSG, "not a list");
        break;
    case BROKEN: {
        struct json_where where = json_reader_where(r);

        rc = buf_fail(err, -EBADMSG, "%u:%u: %s", where.line, where.column, r->reason);
        break;
    }
    }
    if (rc)
        items_release(ret);
    forget_members(&p);
    buf_release(&p.text);
    json_walk_destroy(p.walk);
    return rc;
}

void items_release(struct items *items)
{
    drop_records(items);
    free(items->next_link);
    free(items->delta_link);
    items->next_link = NULL;
    items->delta_link = NULL;
    items->mended = false;
}
