/*
 * answer_p.h - what an answer of the service means, apart from the request that brought it:
 * testable without HTTP.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_ANSWER_P_H
#define OUTLOOKFS_REMOTE_ANSWER_P_H

#include "transport_p.h"

/* The whole URL stays under what gateways take. Longer is GRADE_TOO_BIG. */
#define CONNECTOR_URL_MAX 8192

/* Of what goes to a sink, for answer_to_call(). */
#define ANSWER_HEAD 256

/* The body of a 404 says that what was asked for does not exist, and it is the service that says so. */
bool answer_says_gone(const struct cJSON *error);

/*
 * Fills the out members of `call` and `fault` (both initialised) from an answer; takes location and
 * reason out of it.
 *
 * Success: status, Content-Type and body must be what the operation's row promises
 * (enum answer_policy); anything else with a 2xx is GRADE_BROKEN, `unknown` for operations that
 * write. This is the one place where that is decided. Of what went to a sink the answer's body has
 * the beginning: bytes that are a page or an error in JSON, or are said to be, could come from
 * anybody between here and the service. An attachment may be such a file: the message has it, too,
 * in a form that can be checked.
 *
 * Gone: GRADE_GONE stays only with the service's own error body about an item
 * (answer_says_gone()). A 404 of the gateway ({"statusCode": 404, ..}: wrong path or deployment), of
 * a proxy or a web server (HTML, JSON of its own, nothing) or about the mailbox as a whole becomes
 * GRADE_REFUSED with its reason, so that it never deletes what is cached (behaviour 1).
 */
enum grade answer_to_call(struct http_answer *a, struct remote_call *call,
                          struct remote_fault *fault);

#endif
