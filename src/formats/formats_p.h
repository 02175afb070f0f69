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
 * included, since some readers end a line there. Other control characters but the tab are dropped,
 * bytes that are not UTF-8 become U+FFFD. -ENOBUFS: `out` is as before.
 */
int text_clean(struct buf *out, const char *text);

/* The same in one line: a space for each line end. What goes into a header must not begin a new one. */
int text_line(struct buf *out, const char *text);

/* The same as a value of the type TEXT, or a component or one of a list of such (RFC 5545, 3.3.11;
 * RFC 6350, 3.4): line ends are "\\n", and '\\', ',', ';' have a backslash. */
int text_escape(struct buf *out, const char *text);

/* A URI: what is none of its characters is percent-encoded, and so are ',' and ';', at which some
 * readers end it. */
int text_uri(struct buf *out, const char *uri);

/* Appends one line of such a format, folded, with its end (RFC 5545, 3.1; RFC 6350, 3.2). */
int text_fold(struct buf *out, const char *line, size_t n);

/* The text of an HTML document, into an empty `out`: a line for each block, one blank for white
 * space. -ENOBUFS. */
int text_of_html(struct buf *out, const char *html);

/* With CRLF for each '\n', as the service has it in text of several lines; the caller frees. */
char *text_with_crlf(const char *text);

/* Is there anything to be seen in it? */
bool text_has(const char *text);

#endif
