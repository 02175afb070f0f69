/*
 * contact.h - names of people, and what is derived from them.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_CONTACT_H
#define OUTLOOKFS_MODEL_CONTACT_H

#include <stdbool.h>

struct cJSON;

/* Does a name part (kind.h) of `contact` differ from that in `base`? Removing one is not a rename. */
bool contact_is_renamed(const struct cJSON *base, const struct cJSON *contact);

/*
 * A person was renamed: if a full name (DisplayName, FileAs) consisted of the parts in `base`, in
 * one of the usual orders, and was left unchanged, it is made of the new parts in the same order. A
 * full name that somebody wrote stays. False: nothing changed.
 */
bool contact_settle_names(const struct cJSON *base, struct cJSON *contact);

#endif
