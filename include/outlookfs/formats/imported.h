/*
 * imported.h - what a file of another program becomes: records, and a note of what does not fit into one.
 *
 *     struct imports list = {0};
 *     int rc = vcard_read(text, len, &list, err);
 *     ...
 *     imports_release(&list);
 *
 * Records are in the words of the connector's specification (model/dialect.h). Nothing is lost
 * silently: `left` has a line for each part of a card or event that its record does not carry, and
 * `skipped` one for each part of the file that became no record.
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
    char *title; /* for a person; may be "" */
    struct buf left;
};

struct imports {
    struct import *list;
    size_t count;
    struct buf skipped;
};

/* Appends an empty one; the pointer is valid until the next call. */
struct import *imports_add(struct imports *imports, enum kind kind);
void imports_drop_last(struct imports *imports);
/* Appends a line to `left` or `skipped`, unless it is there already. */
void imports_note(struct buf *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void imports_release(struct imports *imports); /* zeroed ones are fine */

#endif
