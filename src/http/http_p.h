/*
 * http_p.h - http_create() with waits that suit a test.
 */
#ifndef OUTLOOKFS_HTTP_HTTP_P_H
#define OUTLOOKFS_HTTP_HTTP_P_H

#include "network_p.h"

int http_create_timed(const struct http_config *config, const struct http_timing *timing,
                      struct http **ret, struct buf *err);

#endif
