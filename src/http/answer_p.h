/*
 * answer_p.h - what an ended exchange means: grade, reason, and whether it may have been carried
 * out nevertheless.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_HTTP_ANSWER_P_H
#define OUTLOOKFS_HTTP_ANSWER_P_H

#include "exchange_p.h"

/* Sets grade, unknown and reason of ex->answer. */
void answer_read(const struct exchange *ex);

/* Takes every occurrence of `secret` out of `text`: a service may repeat what it was sent. */
void answer_hide(struct buf *text, const char *secret);

/* GET or HEAD: sending it twice changes nothing. */
bool answer_is_safe(const struct http_request *request);

#endif
