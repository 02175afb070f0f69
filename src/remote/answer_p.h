/*
 * answer_p.h - what an answer of the service means, apart from the request that brought it:
 * testable without HTTP.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_ANSWER_P_H
#define OUTLOOKFS_REMOTE_ANSWER_P_H

#include "transport_p.h"

/* Gateways refuse longer URLs: GRADE_TOO_BIG. */
#define CONNECTOR_URL_MAX 8192

/* How much of an answer that goes to a sink is also kept for answer_to_call(); bytes. */
#define ANSWER_HEAD 256

/* Does the body of a 404 say, in the service's own form, that what was asked for does not exist? */
bool answer_says_gone(const struct cJSON *error);

/*
 * Fills the out members of `call` and `fault` (both initialised) from an answer, whose location and
 * reason it takes.
 *
 * Success: status, Content-Type and body must be what the operation's row promises
 * (enum answer_policy); anything else with a 2xx is GRADE_BROKEN, `unknown` for operations that
 * write. This is the one place where that is decided. If the answer went to a sink, its body has the
 * first ANSWER_HEAD bytes: what is, or claims to be, a page or an error in JSON may come from anybody
 * between here and the service. An attachment that is such a file is then read from its message, where
 * it is in a form that can be checked.
 *
 * Gone: GRADE_GONE stays only with the service's own error body about an item
 * (answer_says_gone()). A 404 of the gateway ({"statusCode": 404, ..}: wrong path or deployment), of
 * a proxy or a web server (HTML, JSON of its own, nothing) or about the mailbox as a whole becomes
 * GRADE_REFUSED with its reason, so that it never deletes what is cached (behaviour 1).
 */
enum grade answer_to_call(struct http_answer *a, struct remote_call *call,
                          struct remote_fault *fault);

#endif
