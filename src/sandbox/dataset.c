/*
 * dataset.c - the operations on items. Plain pages come straight from SQLite as stored text; only
 * $filter and an $orderby on an unindexed member parse records.
 */
#include "dataset_p.h"

#include "answer_p.h"
#include "ids_p.h"
#include "odata_p.h"
#include "request_p.h"
#include "route_p.h"
#include "sandbox_p.h"
#include "schema_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

/* The specification's default of $top; the later swagger says "all". */
#define DEFAULT_TOP 256

#define LIST_END "],\"@odata.nextLink\":null,\"@odata.deltaLink\":null}"

/* --- tables ----------------------------------------------------------------------------------- */

static cJSON *table_owner(void)
{
    cJSON *properties = cJSON_CreateObject();
    cJSON *owner = cJSON_AddObjectToObject(properties, "Owner");

    cJSON_AddStringToObject(owner, "Name", OWNER_NAME);
    cJSON_AddStringToObject(owner, "Address", OWNER_ADDRESS);
    return properties;
}

void dataset_tables(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const struct dataset *d = req->op->dataset;
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    size_t count;
    struct folder *folders = db_folders(sb->db, d->kind, NULL, &count);

    for (size_t i = 0; i < count; i++) {
        cJSON *table = cJSON_CreateObject();

        cJSON_AddStringToObject(table, "Name", folders[i].id);
        cJSON_AddStringToObject(table, "DisplayName", folders[i].name);
        if (d->owner)
            cJSON_AddItemToObject(table, "DynamicProperties", table_owner());
        cJSON_AddArrayToObject(table, "items");
        cJSON_AddItemToArray(value, table);
    }
    cJSON_AddNullToObject(body, "@odata.nextLink");
    cJSON_AddNullToObject(body, "@odata.deltaLink");
    folders_free(folders, count);
    answer_json(ans, 200, body);
}

bool dataset_folder(struct db *db, const struct dataset *d, const char *table, struct folder *ret)
{
    if (!strcmp(table, d->alias))
        return db_folder_by_name(db, d->kind, NULL, d->alias, ret);
    return db_folder_by_id(db, d->kind, table, ret);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* The records of a page: their texts, parsed only where a query needs their members. */
struct listing {
    struct dataset_query query;
    struct answer *ans;
    size_t shown;
    struct hit *hits;
    size_t nhits;
};

struct hit {
    char *text;
    cJSON *record;
    const struct odata_order *order;
    size_t position;
};

static void show(struct listing *l, const char *text)
{
    if (l->shown++)
        buf_addch(&l->ans->body, ',');
    buf_addstr(&l->ans->body, text);
}

static bool show_row(void *arg, const struct record_row *row)
{
    show(arg, row->json);
    return true;
}

static bool collect_row(void *arg, const struct record_row *row)
{
    struct listing *l = arg;
    cJSON *record = json_load(row->json);

    if (l->query.filter && !odata_filter_matches(l->query.filter, record)) {
        cJSON_Delete(record);
        return true;
    }
    l->hits = xrealloc(l->hits, (l->nhits + 1) * sizeof(*l->hits));
    l->hits[l->nhits] = (struct hit){.text = xstrdup(row->json),
                                     .record = record,
                                     .order = l->query.order,
                                     .position = l->nhits};
    l->nhits++;
    return true;
}

static int compare_hits(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    int by_member = odata_order_compare(x->order, x->record, y->record);

    if (by_member)
        return by_member;
    return x->position < y->position ? -1 : x->position > y->position;
}

static void show_collected(struct listing *l)
{
    if (l->query.order && l->nhits)
        qsort(l->hits, l->nhits, sizeof(*l->hits), compare_hits);
    for (size_t i = 0; i < l->nhits; i++) {
        if ((int64_t)i >= l->query.skip && (int64_t)i < l->query.skip + l->query.top)
            show(l, l->hits[i].text);
        free(l->hits[i].text);
        cJSON_Delete(l->hits[i].record);
    }
    free(l->hits);
}

/* True when SQLite has the order: none, or one indexed member. */
static bool indexed(const struct dataset *d, const struct odata_order *order,
                    struct record_query *q)
{
    const char *member;

    q->descending = d->newest_first;
    if (!order)
        return true;
    member = odata_order_single(order, &q->descending);
    if (str_eq(member, "DateTimeLastModified") || str_eq(member, "LastModifiedDateTime"))
        q->order = ORDER_MODIFIED;
    else if (!(d->kind == RECORD_EVENT && str_eq(member, "Start")))
        return false;
    return true;
}

static void list_items(struct sandbox *sb, const struct dataset *d, const char *folder,
                       struct listing *l)
{
    struct record_query q = {.kind = d->kind, .folder = folder, .top = -1};
    bool by_index = indexed(d, l->query.order, &q);

    answer_text(l->ans, 200);
    buf_addstr(&l->ans->body, "{\"value\":[");
    if (by_index && !l->query.filter) {
        q.skip = l->query.skip;
        q.top = l->query.top;
        db_records(sb->db, &q, show_row, l);
    } else {
        if (by_index)
            l->query.order = NULL;
        else
            q.descending = d->newest_first;
        db_records(sb->db, &q, collect_row, l);
        show_collected(l);
    }
    buf_addstr(&l->ans->body, LIST_END);
}

bool dataset_query_parse(const struct dataset *d, const struct request *req, struct answer *ans,
                         struct dataset_query *ret)
{
    const char *filter = request_param(req, "$filter"), *order = request_param(req, "$orderby");
    struct buf err;
    bool ok;

    *ret = (struct dataset_query){.filter = NULL};
    if (!request_int(req, "$top", DEFAULT_TOP, &ret->top, ans) ||
        !request_int(req, "$skip", 0, &ret->skip, ans))
        return false;
    buf_init(&err, BUF_TEXT_MAX);
    ok = (!filter || !*filter || !odata_filter_parse(d->members, filter, &ret->filter, &err)) &&
         (!order || !*order || !odata_order_parse(d->members, order, &ret->order, &err));
    if (!ok) {
        answer_error(ans, 400, "ErrorInvalidRequest",
                     "The query specified in the URI is not valid. %s", err.data);
        dataset_query_release(ret);
    }
    buf_release(&err);
    return ok;
}

void dataset_query_release(struct dataset_query *q)
{
    odata_filter_free(q->filter);
    odata_order_free(q->order);
    *q = (struct dataset_query){.filter = NULL};
}

void dataset_list(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const struct dataset *d = req->op->dataset;
    struct listing l = {.ans = ans};
    struct folder folder;
    struct odata_order *order;

    if (!dataset_folder(sb->db, d, req->table, &folder)) {
        answer_not_found(ans);
        return;
    }
    if (dataset_query_parse(d, req, ans, &l.query)) {
        order = l.query.order;
        list_items(sb, d, folder.id, &l);
        l.query.order = order;
        dataset_query_release(&l.query);
    }
    folder_release(&folder);
}

/* --- single items ----------------------------------------------------------------------------- */

/* The record in the table the path names; false after answering 404. */
static bool find(struct sandbox *sb, const struct request *req, struct answer *ans,
                 struct folder *ret_folder, struct record *ret)
{
    const struct dataset *d = req->op->dataset;

    if (dataset_folder(sb->db, d, req->table, ret_folder)) {
        if (db_record_get(sb->db, d->kind, req->id, ret)) {
            if (!strcmp(ret->folder, ret_folder->id))
                return true;
            record_release(ret);
        }
        folder_release(ret_folder);
    }
    answer_not_found(ans);
    return false;
}

static void set_string(cJSON *record, const char *name, const char *value)
{
    if (json_get(record, name))
        cJSON_ReplaceItemInObjectCaseSensitive(record, name, cJSON_CreateString(value));
}

void dataset_touch(struct db *db, const struct dataset *d, cJSON *record)
{
    bool event = d->kind == RECORD_EVENT;
    uint32_t version = db_next(db);
    char *key = event ? ids_event_change_key(version) : ids_contact_change_key(version);
    char now[40];

    if (event)
        text_time_fine(db_now(db), now);
    else
        str_format_time(db_now(db), now);
    set_string(record, "ChangeKey", key);
    set_string(record, "DateTimeLastModified", now);
    set_string(record, "LastModifiedDateTime", now);
    free(key);
}

cJSON *dataset_create(struct db *db, const struct dataset *d, const struct folder *folder,
                      const cJSON *body, struct buf *err)
{
    struct record_keys keys = {0};
    cJSON *record;
    char *text;

    if (schema_check(d->members, body, err) || d->build(db, body, NULL, folder, &record, err))
        return NULL;
    dataset_touch(db, d, record);
    d->keys(record, &keys);
    text = json_print(record);
    db_record_add(db, d->kind, json_str(record, "Id"), folder->id, &keys, text);
    cJSON_free(text);
    return record;
}

void dataset_store(struct db *db, const struct dataset *d, const struct record *row,
                   const cJSON *record)
{
    struct record_keys keys = {0};
    char *text = json_print(record);

    d->keys(record, &keys);
    db_record_set(db, row->row, row->id, row->folder, &keys, text);
    cJSON_free(text);
}

void dataset_post(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const cJSON *body = request_object(req, ans);
    struct folder folder;
    struct buf err;
    cJSON *record;

    if (!body)
        return;
    if (!dataset_folder(sb->db, req->op->dataset, req->table, &folder)) {
        answer_not_found(ans);
        return;
    }
    buf_init(&err, BUF_TEXT_MAX);
    record = dataset_create(sb->db, req->op->dataset, &folder, body, &err);
    if (record)
        answer_json(ans, 201, record);
    else
        answer_error(ans, 400, "ErrorInvalidRequest", "%s", err.data);
    buf_release(&err);
    folder_release(&folder);
}

void dataset_get(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct folder folder;
    struct record row;

    if (!find(sb, req, ans, &folder, &row))
        return;
    answer_text(ans, 200);
    buf_addstr(&ans->body, row.json);
    record_release(&row);
    folder_release(&folder);
}

/* Members outside the schema, put there through the control endpoints, outlive a PATCH. */
static void keep_unknown(const struct dataset *d, cJSON *record, const cJSON *old)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, old)
    {
        if (!schema_find(d->members, m->string))
            cJSON_AddItemToObject(record, m->string, cJSON_Duplicate(m, true));
    }
}

static cJSON *patch(struct sandbox *sb, const struct dataset *d, const struct folder *folder,
                    const struct record *row, const cJSON *body, struct buf *err)
{
    cJSON *old = json_load(row->json), *record = NULL;

    if (!schema_check(d->members, body, err) &&
        !d->build(sb->db, body, old, folder, &record, err)) {
        keep_unknown(d, record, old);
        dataset_touch(sb->db, d, record);
        dataset_store(sb->db, d, row, record);
    }
    cJSON_Delete(old);
    return record;
}

void dataset_patch(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const cJSON *body = request_object(req, ans);
    struct folder folder;
    struct record row;
    struct buf err;
    cJSON *record;

    if (!body || !find(sb, req, ans, &folder, &row))
        return;
    buf_init(&err, BUF_TEXT_MAX);
    record = patch(sb, req->op->dataset, &folder, &row, body, &err);
    if (record)
        answer_json(ans, 200, record);
    else
        answer_error(ans, 400, "ErrorInvalidRequest", "%s", err.data);
    buf_release(&err);
    record_release(&row);
    folder_release(&folder);
}

void dataset_delete(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct folder folder;
    struct record row;

    if (!find(sb, req, ans, &folder, &row))
        return;
    db_record_remove(sb->db, row.row);
    answer_empty(ans, 200);
    record_release(&row);
    folder_release(&folder);
}
