/*
 * json_writer.h - JSON value by value into a buffer.
 *
 *     struct json_writer w = {.out = &out, .indent = true};
 *     json_write_open(&w, '{');
 *     json_write_name(&w, "Id", 2);
 *     json_write_string(&w, id, strlen(id));
 *     json_write_close(&w, '}');
 *     if (w.error)                          // -ENOBUFS; what came after it was not written
 *
 * Without `indent` there is no white space; with it, two spaces a level, one member or element a
 * line, "{}" and "[]" where there is none. Non-ASCII characters are written as they are, control
 * characters escaped.
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_BASE_JSON_WRITER_H
#define OUTLOOKFS_BASE_JSON_WRITER_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>

struct cJSON;

struct json_writer {
    struct buf *out;
    bool indent;
    /* private, zeroed */
    unsigned depth;
    bool follows; /* a value of this level stands before */
    bool named;   /* a name does */
    int error;
};

void json_write_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_write_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_write_name(struct json_writer *w, const char *name, size_t len);
void json_write_string(struct json_writer *w, const char *string, size_t len);

/* The same for what has no byte to escape. */
void json_write_plain_name(struct json_writer *w, const char *name, size_t len);
void json_write_plain_string(struct json_writer *w, const char *string, size_t len);

/* A value that is JSON already: a number, true, false, null. */
void json_write_raw(struct json_writer *w, const char *text, size_t len);

void json_write_tree(struct json_writer *w, const struct cJSON *value);

#endif
