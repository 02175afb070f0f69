/*
 * formats_p.h - what the files of this layer share.
 *
 *     text.c        text of the service made fit for formats of lines
 *     eml_write.c   a message as a mail: its parts; eml_headers.c its headers, eml_out.c its bytes
 *     eml_read.c    a mail as what SendEmail takes; eml_shape.c where it and its parts begin,
 *                   eml_read_addresses.c who gets it, eml_read_content.c body and attachments,
 *                   eml_read_text.c the text of a part
 *     header_*.c    what the value of a header says: text, parameters, addresses
 *     vcard.c       a contact as a vCard; vcard_read.c the reverse, vcard_line.c its lines
 *     ical.c        an event as a VEVENT; ical_rule.c its recurrence, ical_zone.c its time zone;
 *                   ical_read.c and ical_read_rule.c the reverse
 *     imported.c    a list of what is read, and of what is left
 *
 * Functions that append answer 0 or -ENOBUFS; `out` is as before then.
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_FORMATS_P_H
#define OUTLOOKFS_FORMATS_FORMATS_P_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What names the program in its output; without a version: an update would change every file. */
#define FORMATS_PRODID "-//outlookfs//outlookfs//EN"

/*
 * Appends `text` (NULL is empty) as UTF-8 with '\n' for every kind of line end, U+2028 and its like
 * included, since some readers end a line there. Other control characters except the tab are dropped,
 * bytes that are not UTF-8 become U+FFFD.
 */
int text_clean(struct buf *out, const char *text);

/* The same as a single line, with a space for each line end: a value must not begin another header. */
int text_line(struct buf *out, const char *text);

/* The same as a value of type TEXT, or as one component of a value (RFC 5545, 3.3.11; RFC 6350, 3.4): line
 * ends become "\\n", and '\\', ',' and ';' get a backslash. */
int text_escape(struct buf *out, const char *text);

/* Appends a URI. Characters that may not stand in one are percent-encoded, and so are ',' and ';', where
 * some readers end it. */
int text_uri(struct buf *out, const char *uri);

/* Appends one line of such a format, folded, with its end (RFC 5545, 3.1; RFC 6350, 3.2). */
int text_fold(struct buf *out, const char *line, size_t n);

/* Puts the text of an HTML document into `out`, which is empty: a line for each block, white space
 * collapsed. */
int text_of_html(struct buf *out, const char *html);

/* A copy with CRLF for each '\n', as the service writes text of several lines; the caller frees. */
char *text_with_crlf(const char *text);

/* Does it have a visible character? */
bool text_has(const char *text);

#endif
