/*
 * utf8_p.h - one step through UTF-8, shared by str.c and json_reader.c.
 */
#ifndef OUTLOOKFS_BASE_UTF8_P_H
#define OUTLOOKFS_BASE_UTF8_P_H

#include <stddef.h>

/*
 * The length of the character at `p` (`n` > 0 bytes are there), or 0. In both cases *ret_good is
 * how many bytes are right: with 0, *ret_good == n says that the text ends inside a character,
 * otherwise p[*ret_good] is the wrong byte.
 */
size_t utf8_step(const unsigned char *p, size_t n, size_t *ret_good);

#endif
