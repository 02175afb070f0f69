/*
 * values_p.h - values, inside.
 */
#ifndef OUTLOOKFS_SYNC_VALUES_P_H
#define OUTLOOKFS_SYNC_VALUES_P_H

#include <outlookfs/sync/values.h>

struct values;

struct values *values_create(void);
void values_destroy(struct values *v); /* NULL is fine */

#endif
