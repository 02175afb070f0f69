/*
 * contact.h - what follows from the names of a person.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_CONTACT_H
#define OUTLOOKFS_MODEL_CONTACT_H

#include <stdbool.h>

struct cJSON;

/*
 * A person was renamed: where a name part (kind.h) of `contact` is another than in `base` and a full name
 * (DisplayName, FileAs) was what the parts gave, in one of the usual orders, and was left as it was,
 * it becomes what they give in that order now. A full name that somebody wrote stays, and so does one
 * of which a part was only taken away. False: nothing changed.
 */
bool contact_settle_names(const struct cJSON *base, struct cJSON *contact);

#endif
