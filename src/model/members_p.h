/*
 * members_p.h - the tables of members of the services other than the connector, for members.c.
 */
#ifndef OUTLOOKFS_MODEL_MEMBERS_P_H
#define OUTLOOKFS_MODEL_MEMBERS_P_H

#include <outlookfs/model/members.h>

extern const struct member *const members_graph[KIND_COUNT];

#endif
