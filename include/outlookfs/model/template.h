/*
 * template.h - a record to fill in: every member that one may write, made from the tables of
 * members.h.
 *
 * A text is "", a truth value false, a number and a word of a list null, a list of objects has one
 * with all its members; where a create has a default, it is that. What is left as it is says
 * nothing (merge_new_body()). The times of an event are this day, at ten.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_TEMPLATE_H
#define OUTLOOKFS_MODEL_TEMPLATE_H

#include <outlookfs/model/kind.h>

/* Owned by the caller; NULL: nothing can be written. */
struct cJSON *template_make(enum kind kind);

#endif
