/*
 * query.h - the name of a directory below search/, as a question to the service.
 *
 *     search/mail/Inbox/from:bob is:unread;top=20      searchQuery "from:bob", fetchOnlyUnread, 20
 *     search/contacts/Contacts/Surname eq 'Ng';orderby=GivenName desc
 *                                                      $filter, $orderby
 *     search/calendars/Calendar/;orderby=Start;top=5   no filter
 *
 * A name is a text and, behind it, `;orderby=<OData>` and `;top=<number>`, each at most once and in
 * any order. The text goes to the service as it is typed, with two exceptions: "%2F" is '/', which
 * no file name has, and "%25" is '%'. Every other '%' is itself.
 *
 * Contacts and calendars: a text without an operator (` eq `, ` ge `, ..., or a parenthesis) is not a filter, but words to
 * look for in what is cached, as in search/local.
 *
 * A ';' in a string, 'like this' in OData and "like this" in a search for mail, is part of it.
 *
 * Mail: the service does not order what it finds, so `orderby` is refused; and the word is:unread
 * is taken out and becomes `only_unread`, as fetchOnlyUnread is what the service has for it. It
 * stays where the meaning would be another one without it: beside AND or NOT, in parentheses or
 * quotation marks, and in a search with OR.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_QUERY_H
#define OUTLOOKFS_MODEL_QUERY_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>

struct buf;

/* Releasing a zeroed one is fine. */
struct query {
    char *text;       /* searchQuery or $filter; NULL: none */
    char *orderby;    /* OData; NULL: none */
    unsigned top;     /* records wanted; 0: all */
    bool only_unread; /* mail */
    bool words;       /* `text` is words, not a filter */
};

/* -EINVAL with the reason in `err`. */
int query_parse(enum kind kind, const char *name, struct query *ret, struct buf *err);
void query_release(struct query *q);

/*
 * Could somebody mean a query by this name? Not by one that begins with '.', which programs look
 * for everywhere, or with '*': a pattern of the shell that matched nothing.
 */
bool query_is_askable(const char *name);

/* "%2F" and "%25" decoded. The caller frees it. */
char *query_decode(const char *name);

/* "<query>;pin" is what mkdir(2) may make instead of a query: the name without it, which the caller
 * frees; NULL: it has none. */
char *query_pin_name(const char *name);

#endif
