/*
 * charset.h - text of any charset as UTF-8, by ICU.
 *
 * A label means what browsers and Outlook take it to mean (WHATWG, "Encoding"): iso-8859-1 is
 * windows-1252, shift_jis and iso-2022-jp have Microsoft's characters, ks_c_5601-1987 is
 * windows-949, gb2312 is gb18030. Whatever cannot be read, even one byte, becomes one U+FFFD; a
 * byte order mark (U+FEFF) is not part of the text, and NUL is dropped.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_CHARSET_H
#define OUTLOOKFS_BASE_CHARSET_H

#include <stddef.h>

struct buf;

/*
 * Appends `n` bytes in the charset named `label`. NULL, us-ascii and unknown names mean
 * UTF-8 if more characters beyond ASCII can be read so than cannot, otherwise windows-1252; utf-8
 * means windows-1252, too, if no character beyond ASCII can be read. -ENOBUFS over the maximum of `out`,
 * which then has a part.
 */
int charset_decode(struct buf *out, const char *text, size_t n, const char *label);

#endif
