/*
 * answer_p.h - what an answer of the service means, apart from the request that brought it:
 * testable without HTTP.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_ANSWER_P_H
#define OUTLOOKFS_REMOTE_ANSWER_P_H

#include "operation_p.h"

/*
 * The whole URL stays under what gateways take (contract 2.6: a reply's comment travels in it).
 * Longer is GRADE_TOO_BIG.
 */
#define CONNECTOR_URL_MAX 8192

/*
 * Fills the out members of `call` and `fault` (both initialised) from an answer; takes location and
 * reason out of it.
 *
 * Success: what went to a sink is not looked at; a list may be a bare array or {"value": [...]}; 202 without a list is an empty one (a
 * trigger with nothing new). A 2xx whose body is not what the operation promises is GRADE_BROKEN,
 * `unknown` for operations that write.
 *
 * Gone: GRADE_GONE stays only with the connector's own error body about an item. A 404 of the
 * gateway ({"statusCode": 404, ..}: wrong path or deployment), of a proxy (HTML, nothing) or about
 * the mailbox as a whole becomes GRADE_REFUSED with its reason, so that it never deletes what is
 * cached (behaviour 1).
 */
enum grade answer_to_call(struct http_answer *a, struct remote_call *call,
                          struct remote_fault *fault);

#endif
