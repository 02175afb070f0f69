/*
 * contact.h - what follows from the names of a person.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_CONTACT_H
#define OUTLOOKFS_MODEL_CONTACT_H

#include <stdbool.h>

struct cJSON;

/* Is a name part (kind.h) of `contact` another than in `base`? To take one away is no other name. */
bool contact_is_renamed(const struct cJSON *base, const struct cJSON *contact);

/*
 * A person was renamed: where a full name (DisplayName, FileAs) was what the parts of `base` gave, in
 * one of the usual orders, and was left as it was, it becomes what they give in that order now. A
 * full name that somebody wrote stays. False: nothing changed.
 */
bool contact_settle_names(const struct cJSON *base, struct cJSON *contact);

#endif
