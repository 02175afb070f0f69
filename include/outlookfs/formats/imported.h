/*
 * imported.h - what a file of another program becomes: records, and what no record can say.
 *
 *     struct imports list = {0};
 *     int rc = vcard_read(text, len, &list, err);
 *     ...
 *     imports_release(&list);
 *
 * Records are in the words of the connector's specification (model/dialect.h). Nothing is lost
 * silently: `left` says, a line each, what a record does not carry of its card or event, and
 * `skipped` what of the file became no record.
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_FORMATS_IMPORTED_H
#define OUTLOOKFS_FORMATS_IMPORTED_H

#include <outlookfs/base/buf.h>
#include <outlookfs/model/kind.h>
#include <stddef.h>

struct import {
    enum kind kind;
    struct cJSON *record;
    char *title; /* what a person calls it; may be "" */
    struct buf left;
};

struct imports {
    struct import *list;
    size_t count;
    struct buf skipped;
};

/* The next one, empty, at the end of the list; valid until the next call. */
struct import *imports_add(struct imports *imports, enum kind kind);
void imports_drop_last(struct imports *imports);
/* A line of `left` or `skipped`, once. */
void imports_note(struct buf *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void imports_release(struct imports *imports); /* zeroed ones are fine */

#endif
