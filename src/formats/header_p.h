/*
 * header_p.h - what the value of a header says: its text, its parameters, its addresses.
 *
 * GMime splits a mail into headers and parts; their values are read here. GMime 3.2 loses what
 * follows a padded encoded word, leaves out addresses that it cannot parse, and knows charsets as
 * the C library does.
 *
 * Values are raw: as they stand in the mail after the colon, folded, in any charset. Results are UTF-8.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_HEADER_P_H
#define OUTLOOKFS_FORMATS_HEADER_P_H

#include <glib.h>
#include <stddef.h>

struct buf;

/* Length of the encoded word (RFC 2047) at `p`; 0: there is none. */
size_t header_encoded_word(const char *p);

/*
 * Appends the text: unfolded, without white space around it, encoded words decoded. Neighbours of
 * one charset are joined before they are converted, because programs split characters over words.
 * -ENOBUFS.
 */
int header_text(struct buf *out, const char *raw);

/* Appends the bytes that base64 stands for. Characters that are no digits are skipped. Padding ends a run, and
 * another may follow, since some programs join pieces they have encoded one by one; the last padding may be
 * missing. */
void header_base64(GByteArray *bytes, const char *text, size_t n);

/* The value of a parameter (RFC 2045, 5.1; RFC 2231; encoded words in it, as most programs write
 * names); g_free(). NULL: it has none. */
char *header_parameter(const char *raw, const char *name);

/*
 * Appends each address of the list, in whatever form it is written, to `ret`. Nothing is left out: what is
 * not an address by any reading is refused. An address without a host ("root") comes out as it is.
 * -EINVAL: `err` names what was refused.
 */
int header_addresses(const char *raw, GPtrArray *ret, struct buf *err);

#endif
