/*
 * contact.c - what follows from the names of a person.
 */
#include <outlookfs/model/contact.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/kind.h>

#include <stdlib.h>
#include <string.h>

/* The usual orders: letters are parts (the index in kind_info.name_parts), the rest stands as it is
 * between two that are there. */
enum { GIVEN = '0', MIDDLE, SURNAME, TITLE, GENERATION };
static const char *const orders[] = {
    "0 2",   "2, 0",    "0 1 2",   "2, 0 1",    "3 0 2", "3 0 1 2",
    "0 2 4", "0 1 2 4", "3 0 2 4", "3 0 1 2 4", "2 0",
};

static bool is_part(char c)
{
    return c >= GIVEN && c <= GENERATION;
}

/* The parts of `contact` in this order. The caller frees. */
static char *full_name(const struct cJSON *contact, const char *order)
{
    const char *between = "";
    size_t len = 0;
    struct buf out;

    buf_init(&out, JSON_TEXT_MAX);
    for (const char *p = order; *p; p++) {
        const char *part;

        if (!is_part(*p))
            continue;
        part = json_str(contact, kind_info(KIND_CONTACT)->name_parts[*p - GIVEN]);
        if (part && *part) {
            buf_add(&out, between, out.len ? len : 0);
            buf_addstr(&out, part);
            between = p + 1;
            len = strcspn(between, "01234");
        }
    }
    return buf_detach(&out);
}

/* The order in which the parts of `contact` give this name; NULL: none. */
static const char *order_of(const struct cJSON *contact, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; !found && i < ARRAY_SIZE(orders); i++) {
        SCOPED(xfree) char *given = full_name(contact, orders[i]);

        if (*given && str_eq(given, name))
            found = orders[i];
    }
    return found;
}

bool contact_is_renamed(const struct cJSON *base, const struct cJSON *contact)
{
    for (const char *const *part = kind_info(KIND_CONTACT)->name_parts; *part; part++) {
        const char *old = json_str(base, *part), *now = json_str(contact, *part);

        if (now && *now && !str_eq(old, now))
            return true;
    }
    return false;
}

bool contact_settle_names(const struct cJSON *base, struct cJSON *contact)
{
    bool changed = false;

    for (const char *const *full = kind_info(KIND_CONTACT)->full_names; *full; full++) {
        const char *old = json_str(base, *full);
        const char *order =
            old && str_eq(old, json_str(contact, *full)) ? order_of(base, old) : NULL;
        SCOPED(xfree) char *now = order ? full_name(contact, order) : NULL;

        if (now && *now && !str_eq(now, old)) {
            cJSON_ReplaceItemInObjectCaseSensitive(contact, *full, cJSON_CreateString(now));
            changed = true;
        }
    }
    return changed;
}
