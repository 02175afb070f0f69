/*
 * dataset_p.h - the items of calendars and of contact folders: the same six operations over two
 * kinds of records.
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_DATASET_P_H
#define SANDBOX_DATASET_P_H

#include "db_p.h"

#include <cjson/cJSON.h>

struct answer;
struct buf;
struct member;
struct odata_filter;
struct odata_order;
struct request;
struct sandbox;

struct dataset {
    enum record_kind kind;
    const char *alias; /* works as a table id: the folder of that name */
    bool owner;        /* tables name their owner */
    bool newest_first; /* the default order, by `sort`; otherwise oldest first */
    const struct member *members;

    /*
     * The whole record from a checked request body. `old` NULL: a new record in `folder`. -EINVAL
     * with the text for the client in `err`.
     */
    int (*build)(struct db *db, const cJSON *body, const cJSON *old, const struct folder *folder,
                 cJSON **ret, struct buf *err);

    /* The keys the record is kept by. */
    void (*keys)(const cJSON *record, struct record_keys *ret);
};

extern const struct dataset dataset_calendars;
extern const struct dataset dataset_contacts;

/* The operations; `req->op->dataset` says of what. */
void dataset_tables(struct sandbox *sb, const struct request *req, struct answer *ans);
void dataset_list(struct sandbox *sb, const struct request *req, struct answer *ans);
void dataset_post(struct sandbox *sb, const struct request *req, struct answer *ans);
void dataset_get(struct sandbox *sb, const struct request *req, struct answer *ans);
void dataset_patch(struct sandbox *sb, const struct request *req, struct answer *ans);
void dataset_delete(struct sandbox *sb, const struct request *req, struct answer *ans);

/* $filter, $orderby, $top and $skip of a request. */
struct dataset_query {
    struct odata_filter *filter; /* NULL: every record */
    struct odata_order *order;   /* NULL: as they come */
    int64_t skip, top;
};

/* False after answering 400; then there is nothing to release. */
bool dataset_query_parse(const struct dataset *d, const struct request *req, struct answer *ans,
                         struct dataset_query *ret);
void dataset_query_release(struct dataset_query *q);

/* A table id or the alias; false when there is none. */
bool dataset_folder(struct db *db, const struct dataset *d, const char *table, struct folder *ret);

/* Checks, builds and stores a new record; the record, or NULL with the text for the client in
 * `err`. */
cJSON *dataset_create(struct db *db, const struct dataset *d, const struct folder *folder,
                      const cJSON *body, struct buf *err);

/* Stores a record that was changed; `row` as db_record_get() gave it. */
void dataset_store(struct db *db, const struct dataset *d, const struct record *row,
                   const cJSON *record);

/* A fresh ChangeKey and time of modification: what every change by anybody brings. */
void dataset_touch(struct db *db, const struct dataset *d, cJSON *record);

#endif
