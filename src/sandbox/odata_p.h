/*
 * odata_p.h - the part of OData the service needs: $filter and $orderby over a schema's members.
 *
 *     operators   or, and, not, parentheses, eq, ne, gt, ge, lt, le
 *     functions   contains, startswith, endswith, tolower, toupper, length
 *     literals    'text' (a quote doubled), numbers, date-times, true, false, null
 *     members     by name, or by path: Location/DisplayName
 *
 * Strings compare byte by byte. A comparison with null is false but for eq and ne. Unknown members,
 * members of the wrong type and lists are refused when the text is parsed.
 *
 * Threads: any; a parsed filter or order is constant.
 */
#ifndef SANDBOX_ODATA_P_H
#define SANDBOX_ODATA_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct member;
struct odata_filter;
struct odata_order;

/* -EINVAL with the text for the client in `err`. */
int odata_filter_parse(const struct member *members, const char *text, struct odata_filter **ret,
                       struct buf *err);
void odata_filter_free(struct odata_filter *filter);
bool odata_filter_matches(const struct odata_filter *filter, const cJSON *record);

int odata_order_parse(const struct member *members, const char *text, struct odata_order **ret,
                      struct buf *err);
void odata_order_free(struct odata_order *order);

/* Negative, 0 or positive; null sorts before everything. */
int odata_order_compare(const struct odata_order *order, const cJSON *a, const cJSON *b);

/* The member's name when the order has just one, else NULL. */
const char *odata_order_single(const struct odata_order *order, bool *ret_descending);

#endif
