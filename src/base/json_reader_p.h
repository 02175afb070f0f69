/*
 * json_reader_p.h - what json_reader.c and json_string.c share.
 *
 * Each read_*() function starts at the first byte of its thing, leaves `pos` behind it, and answers
 *
 *     STEP_OK   it is there
 *     STEP_CUT  the text ended inside it: more bytes could complete it
 *     STEP_BAD  the byte at `pos` cannot be there
 */
#ifndef OUTLOOKFS_BASE_JSON_READER_P_H
#define OUTLOOKFS_BASE_JSON_READER_P_H

#include <outlookfs/base/json_reader.h>

enum step { STEP_OK, STEP_CUT, STEP_BAD };

static inline enum step bad(struct json_reader *r, const char *reason)
{
    r->reason = reason;
    return STEP_BAD;
}

static inline enum step cut(struct json_reader *r, const char *reason)
{
    r->pos = r->len;
    r->reason = reason;
    return STEP_CUT;
}

static inline bool at_end(const struct json_reader *r)
{
    return r->pos == r->len;
}

static inline unsigned char here(const struct json_reader *r)
{
    return (unsigned char)r->text[r->pos];
}

static inline bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* `pos` is at the quote. */
enum step read_string(struct json_reader *r);

#endif
