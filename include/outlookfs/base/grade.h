/*
 * grade.h - what an answer of the service means, graded once, where the answer is read.
 *
 * The layers above decide by grade, never by HTTP status. The mapping follows the connector
 * contract, section 4.5.
 */
#ifndef OUTLOOKFS_BASE_GRADE_H
#define OUTLOOKFS_BASE_GRADE_H

#include <stdbool.h>

enum grade {
    GRADE_OK,
    GRADE_GONE,      /* 404, 410 or ErrorItemNotFound: authoritative, it does not exist */
    GRADE_CONFLICT,  /* 409, 412: somebody else was faster */
    GRADE_AUTH,      /* 401 after one renewal, or no token to be had */
    GRADE_DENIED,    /* 403, or the account has no such mailbox */
    GRADE_TOO_BIG,   /* 413 or ErrorMessageSizeExceeded */
    GRADE_REFUSED,   /* any other 4xx: asking again will not help */
    GRADE_THROTTLED, /* 429, 503 with Retry-After */
    GRADE_BROKEN,    /* other 5xx, an answer that makes no sense, or none although the service was
                     reached: the work may or may not be done */
    GRADE_OFFLINE,   /* the service cannot be reached */
    GRADE_CANCELLED, /* the caller's struct cancel was fired */
};

/* EINVAL, ENOENT ... negative; 0 for GRADE_OK. */
int grade_errno(enum grade grade);

/* True when the same request may succeed later: THROTTLED, BROKEN, OFFLINE, AUTH (after a new
 * token). */
bool grade_is_temporary(enum grade grade);

const char *grade_name(enum grade grade); /* "gone": for logs and status files */

#endif
