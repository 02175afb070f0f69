/*
 * words_p.h - which words a record has, and what somebody looks for, as FTS5 takes both.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_STORE_WORDS_P_H
#define OUTLOOKFS_STORE_WORDS_P_H

#include <outlookfs/model/kind.h>

struct buf;

/*
 * Adds the values of a record's members, a line each, without those that kind_is_opaque(); of HTML
 * its text. What is not JSON adds nothing.
 */
void words_of_record(enum kind kind, const char *text, struct buf *out);

/*
 * Adds the FTS5 expression for `words`: every word and every "phrase" in quotation marks, of which
 * a '*' at the end makes a prefix. Each is quoted, so that nothing else means anything to FTS5.
 * -EINVAL: there is no word in it, or it is not UTF-8.
 */
int words_query(const char *words, struct buf *out);

#endif
