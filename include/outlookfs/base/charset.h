/*
 * charset.h - text of any charset as UTF-8, by ICU.
 *
 * A label means what browsers and Outlook take it for (WHATWG, "Encoding"): iso-8859-1 is
 * windows-1252, shift_jis and iso-2022-jp have Microsoft's characters, ks_c_5601-1987 is
 * windows-949, gb2312 is gb18030. Whatever cannot be read, be it one byte, becomes one U+FFFD; a
 * mark in front of the text (U+FEFF) is none of it, and NUL is dropped.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_CHARSET_H
#define OUTLOOKFS_BASE_CHARSET_H

#include <stddef.h>

struct buf;

/*
 * Appends `n` bytes of the charset that is called `label`. NULL, us-ascii and names nobody knows:
 * UTF-8 where that reads more characters beyond ASCII than it fails at, else windows-1252; utf-8,
 * too, is windows-1252 where it is not true of any character. -ENOBUFS over the maximum of `out`,
 * which then has a part.
 */
int charset_decode(struct buf *out, const char *text, size_t n, const char *label);

#endif
