/*
 * text_p.h - text and time in the service's forms: base64, fine-grained dates, time zones, HTML
 * bodies and previews.
 *
 * Threads: any.
 */
#ifndef SANDBOX_TEXT_P_H
#define SANDBOX_TEXT_P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum text_base64_alphabet {
    TEXT_BASE64_STANDARD, /* + and /, padded: change keys and attachment contents */
    TEXT_BASE64_URL,      /* - and _, padded: ids */
};

/* A string the caller frees. */
char *text_base64(const void *data, size_t len, enum text_base64_alphabet alphabet);

/* Appends the bytes of a standard, padded base64 text; -EINVAL when it is not one. */
int text_base64_decode(struct buf *out, const char *text);

/* "2023-10-27T07:43:14.696937+00:00": up to seven fraction digits, trailing zeros dropped. */
void text_time_fine(int64_t ns, char out[40]);

/*
 * An event's time in UTC. A text without an offset is wall-clock time in `zone` (a Windows zone
 * name; NULL or "UTC": UTC). Zones have one fixed offset here, the standard one: daylight saving is
 * not applied. -EINVAL: no date; -ENOENT: unknown zone.
 */
int text_time_in_zone(const char *text, const char *zone, int64_t *ret_ns);

/* The HTML page the service makes of a body: plain text becomes a page, a fragment is wrapped, a
 * page stays as it is. */
char *text_html_of_plain(const char *plain);
char *text_html_page(const char *html);

/* Appends plain text as HTML text; not for attributes. */
void text_add_escaped(struct buf *out, const char *plain);

/* The first 255 characters a reader would see; the caller frees it. */
char *text_preview(const char *body, bool html);

/* True when `needle` occurs in `hay`, without regard to the case of ASCII letters. */
bool text_contains(const char *hay, const char *needle);

/* An address list "a@b; c@d" in the service's form "a@b;c@d"; NULL for an empty one. The caller
 * frees it. */
char *text_addresses(const char *list);

/* True when the address is in the list. */
bool text_addresses_have(const char *list, const char *address);

#endif
