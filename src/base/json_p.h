/*
 * json_p.h - the scanner behind json_scan(), with the reason.
 */
#ifndef OUTLOOKFS_BASE_JSON_P_H
#define OUTLOOKFS_BASE_JSON_P_H

#include <outlookfs/base/json.h>

#define JSON_NOT_OBJECT "1:1: expected an object: { \"name\": value, ... }"

/* As json_scan(); *ret_reason is a static text, "" with JSON_COMPLETE. */
enum json_shape json_scan_reason(const char *text, size_t len, struct json_where *ret_where,
                                 const char **ret_reason);

#endif
