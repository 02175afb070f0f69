/*
 * items.h - the records of a list's answer, from its bytes to what is stored, in one pass.
 *
 *     struct items page;
 *     int rc = items_read(&page, KIND_CONTACT, body, len, err);
 *     ...
 *     items_release(&page);
 *
 * An answer is an array of objects, bare or as the member "value" beside "@odata.nextLink". Each
 * record's text is what item_from_json() gives for it, byte for byte, but no tree is built where
 * none is needed. What no text of ours can hold is mended (base/json_reader.h).
 *
 * One record does not hide the others: one without an id that can be a file name is left out, with
 * the reason; values nested deeper than JSON_DEPTH_MAX levels are copied as they came, and
 * a number of any length is its text.
 *
 * A change feed is such a list, too. Its last page has "@odata.deltaLink", where the next question is
 * asked; entries may have only what changed (item.partial), or say that a record is not there any
 * more ("@removed"). The last entry of a record counts (graph contract 4).
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_MODEL_ITEMS_H
#define OUTLOOKFS_MODEL_ITEMS_H

#include <outlookfs/model/item.h>

/* What a list came in; the later, the less is it anybody's. */
enum list_form {
    LIST_BARE,  /* [...] */
    LIST_VALUE, /* {"value": [...]} */
    LIST_ODATA, /* the same with "@odata.context" */
};

struct items {
    enum list_form form;
    struct item *list;
    size_t count;    /* those that can be shown */
    char **left_out; /* why, of each of the others */
    size_t nleft;
    size_t nameless; /* of these: without any id */
    char **removed;  /* ids */
    size_t nremoved;
    char *next_link;  /* or NULL */
    char *delta_link; /* or NULL */
    bool mended;
};

/* -EBADMSG with "line:column: reason" or "not a list" in `err`; nothing is there then. */
int items_read(struct items *ret, enum kind kind, const char *text, size_t len, struct buf *err);

/* As many as the service gave. */
static inline unsigned items_all(const struct items *items)
{
    return (unsigned)(items->count + items->nleft);
}

void items_release(struct items *items); /* zeroed ones are fine */

#endif
