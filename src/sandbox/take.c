/*
 * take.c - the checks a mail in a request body goes through, member by member.
 */
#include "take_p.h"

#include "message_p.h"
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <stdlib.h>
#include <string.h>

bool take_string(const cJSON *body, const char *name, bool required, const char **ret,
                 struct buf *err)
{
    const cJSON *value = json_get(body, name);

    *ret = NULL;
    if (!value || cJSON_IsNull(value)) {
        if (required)
            buf_fail(err, -EINVAL, "The %s field is required.", name);
        return !required;
    }
    if (!cJSON_IsString(value)) {
        buf_fail(err, -EINVAL, "%s: a string is required", name);
        return false;
    }
    *ret = value->valuestring;
    return true;
}

/* Every address of the list has something on both sides of an '@'. */
static bool valid_addresses(const char *list)
{
    char *addresses = text_addresses(list), *save, *one;
    bool ok = true;

    if (!addresses)
        return true;
    for (one = strtok_r(addresses, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
        const char *at = strchr(one, '@');

        ok = ok && at && at > one && at[1] && !strpbrk(one, " ,<>");
    }
    free(addresses);
    return ok;
}

static bool has_address(const char *list)
{
    char *addresses = text_addresses(list);
    bool any = addresses != NULL;

    free(addresses);
    return any;
}

bool take_addresses(const cJSON *body, const char *name, bool required, const char **ret,
                    struct buf *err)
{
    if (!take_string(body, name, required, ret, err))
        return false;
    if (required && !has_address(*ret)) {
        buf_fail(err, -EINVAL, "The %s field is required.", name);
        return false;
    }
    if (*ret && !valid_addresses(*ret)) {
        buf_fail(err, -EINVAL, "%s: '%s' is not a list of mail addresses", name, *ret);
        return false;
    }
    return true;
}

bool take_bool(const cJSON *body, const char *name, bool *ret, struct buf *err)
{
    const cJSON *value = json_get(body, name);

    if (value && !cJSON_IsNull(value) && !cJSON_IsBool(value)) {
        buf_fail(err, -EINVAL, "%s: true or false is required", name);
        return false;
    }
    *ret = cJSON_IsTrue(value);
    return true;
}

bool take_importance(const cJSON *body, int *ret, struct buf *err)
{
    const char *word;

    if (!take_string(body, "Importance", false, &word, err))
        return false;
    *ret = word ? message_importance(word) : 1;
    if (*ret < 0)
        buf_fail(err, -EINVAL, "Requested value '%s' of Importance was not found.", word);
    return *ret >= 0;
}
