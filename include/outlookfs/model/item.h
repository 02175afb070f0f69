/*
 * item.h - one record as it came from the service: its identity, version, time and bytes.
 *
 * Plain data. item_from_json() fills it from an answer; whoever holds it calls item_release().
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_MODEL_ITEM_H
#define OUTLOOKFS_MODEL_ITEM_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct item {
    enum kind kind;
    char *id;
    char *etag;       /* "" when the kind has none */
    int64_t mtime;    /* ns since 1970; 0 when the record carries no usable time */
    char *text;       /* render_record() of the normalised object, NUL-terminated */
    size_t size;      /* bytes of text, without the NUL */
    bool attachments; /* a message that has some */
    bool read;        /* a message that is read */
    bool partial;     /* an entry of a change feed: the text has only the members that changed */
};

/*
 * Normalises `obj` in place and fills a zeroed `ret`. -EBADMSG when it has no id. `ret` is
 * untouched on failure.
 */
int item_from_json(enum kind kind, struct cJSON *obj, struct item *ret, struct buf *err);

void item_release(struct item *item); /* a zeroed item is fine */

#endif
