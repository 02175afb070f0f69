/*
 * url_p.h - which base URLs the token may travel to.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_HTTP_URL_P_H
#define OUTLOOKFS_HTTP_URL_P_H

#include <stdbool.h>

struct buf;

/*
 * 0 for https:// anywhere and http:// to this machine (localhost, 127.0.0.0/8, [::1]); otherwise
 * -EINVAL and one clear line in `err`. Name and password, query and fragment are refused too: none
 * of them can be meant in a base URL.
 */
int url_check(const char *url, bool *ret_loopback, struct buf *err);

#endif
