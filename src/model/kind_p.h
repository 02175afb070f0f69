/*
 * kind_p.h - the tables of kinds, one a service.
 */
#ifndef OUTLOOKFS_MODEL_KIND_P_H
#define OUTLOOKFS_MODEL_KIND_P_H

#include <outlookfs/model/kind.h>

extern const struct kind_info connector_kinds[KIND_COUNT]; /* kind_connector.c */
extern const struct kind_info graph_kinds[KIND_COUNT];     /* kind_graph.c */

#endif
