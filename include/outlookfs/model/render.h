/*
 * render.h - a record as the bytes of its file.
 *
 * UTF-8, two-space indent, one property a line, the service's property order, a final newline;
 * "@odata.context" is dropped, unknown members are kept. The same record always renders to the same
 * bytes. Empty objects and arrays are "{}" and "[]". Non-ASCII characters are written as they are,
 * control characters escaped.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_RENDER_H
#define OUTLOOKFS_MODEL_RENDER_H

struct buf;
struct cJSON;

/* Appends to `out`; -ENOBUFS when its maximum would be passed, and then `out` is as before. */
int render_record(const struct cJSON *obj, struct buf *out);
/* The same as a string, the caller's; NULL over twice JSON_TEXT_MAX. */
char *render_text(const struct cJSON *obj);

#endif
