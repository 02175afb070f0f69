/*
 * header_p.h - what the value of a header says: its text, its parameters, its addresses.
 *
 * GMime splits a mail into headers and parts; their values are read here. GMime 3.2 loses what
 * follows a padded encoded word, leaves out addresses that it cannot parse, and knows charsets as
 * the C library does.
 *
 * Values are raw: as they stand in the mail behind the colon, folded, of any charset. Read texts
 * are UTF-8.
 */
#ifndef OUTLOOKFS_FORMATS_HEADER_P_H
#define OUTLOOKFS_FORMATS_HEADER_P_H

#include <glib.h>
#include <stddef.h>

struct buf;

/* Bytes of the encoded word (RFC 2047) at `p`; 0: there is none. */
size_t header_encoded_word(const char *p);

/*
 * Appends the text: unfolded, without white space around it, encoded words decoded. Neighbours of
 * one charset are joined before they are converted, because programs split characters over words.
 * -ENOBUFS.
 */
int header_text(struct buf *out, const char *raw);

/* Appends what base64 stands for. Characters of no digit are skipped; each padding ends a run, since
 * some programs join what they have encoded piece by piece; the last may be missing. */
void header_base64(GByteArray *bytes, const char *text, size_t n);

/* The value of a parameter (RFC 2045, 5.1; RFC 2231; encoded words in it, as most programs write
 * names); g_free(). NULL: it has none. */
char *header_parameter(const char *raw, const char *name);

/*
 * Appends each address of the list to `ret`, whatever the form of the list: what is not an address by
 * any reading is refused, nothing is left out. An address without a host ("root") comes out as it
 * is. -EINVAL: the reason names what it is about.
 */
int header_addresses(const char *raw, GPtrArray *ret, struct buf *err);

#endif
