/*
 * triggers_p.h - triggers/: definitions, and the streams of what they bring.
 */
#ifndef OUTLOOKFS_FS_TRIGGERS_P_H
#define OUTLOOKFS_FS_TRIGGERS_P_H

#include "../core/core_p.h"

#include <outlookfs/sync/triggers.h>

extern const struct node_ops triggers_root_ops;
const char *trigger_state_name(const struct trigger_row *row);

#endif
