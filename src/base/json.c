/*
 * json.c - members of trees, and equality.
 */
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- members --------------------------------------------------------------------------------- */

cJSON *json_get(const cJSON *obj, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(obj, name);
}

const char *json_str(const cJSON *obj, const char *name)
{
    return cJSON_GetStringValue(json_get(obj, name));
}

bool json_bool(const cJSON *obj, const char *name, bool otherwise)
{
    const cJSON *member = json_get(obj, name);

    return cJSON_IsBool(member) ? cJSON_IsTrue(member) : otherwise;
}

int64_t json_int(const cJSON *obj, const char *name, int64_t otherwise)
{
    const cJSON *member = json_get(obj, name);

    if (!cJSON_IsNumber(member))
        return otherwise;
    if (member->valuestring) {
        char *end;
        long long exact;

        errno = 0;
        exact = strtoll(member->valuestring, &end, 10);
        if (*end == '\0' && errno == 0)
            return exact;
    }
    double number = member->valuedouble; /* 1e3, 2.0 */
    if (!(number >= -0x1p63 && number < 0x1p63) || (double)(int64_t)number != number)
        return otherwise;
    return (int64_t)number;
}

void json_release(cJSON **value)
{
    cJSON_Delete(*value);
}

/* Objects with fewer members are searched through. */
#define INDEX_MIN 16

void json_finder_init(struct json_finder *f, const cJSON *obj)
{
    *f = (struct json_finder){.obj = obj, .next = obj ? obj->child : NULL};
    map_init(&f->index);
}

void json_finder_release(struct json_finder *f)
{
    map_release(&f->index);
}

static void make_index(struct json_finder *f)
{
    cJSON *member;

    cJSON_ArrayForEach(member, f->obj)
    {
        if (member->string && !map_get(&f->index, member->string))
            map_set(&f->index, member->string, member);
    }
}

cJSON *json_find(struct json_finder *f, const char *name)
{
    cJSON *found = (cJSON *)f->next;

    if (!found || !str_eq(found->string, name)) {
        if (f->index.count == 0 && cJSON_GetArraySize(f->obj) >= INDEX_MIN)
            make_index(f);
        found = f->index.count ? map_get(&f->index, name) : json_get(f->obj, name);
    }
    if (found)
        f->next = found->next;
    return found;
}

/* --- equality -------------------------------------------------------------------------------- */

/*
 * Mostly both objects come from one writer and have one order. A name that is there twice counts
 * once, as in json_get(), which is why the number of members alone says nothing.
 */
static bool has_members_of(const cJSON *a, const cJSON *b, bool values)
{
    SCOPED(json_finder_release) struct json_finder find = {0};
    const cJSON *member;
    bool has = true;

    json_finder_init(&find, a);
    cJSON_ArrayForEach(member, b)
    {
        const cJSON *other = json_find(&find, member->string);

        has = other && (!values || json_equal(member, other));
        if (!has)
            break;
    }
    return has;
}

static bool equal_objects(const cJSON *a, const cJSON *b)
{
    return cJSON_GetArraySize(a) == cJSON_GetArraySize(b) && has_members_of(b, a, true) &&
           has_members_of(a, b, false);
}

static bool equal_arrays(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;

    for (; x && y; x = x->next, y = y->next) {
        if (!json_equal(x, y))
            return false;
    }
    return x == y;
}

/* A number as 0.DIGITS * 10^exponent, the first and the last digit not 0; none for zero. */
struct decimal {
    bool negative;
    const char *first, *last; /* of the digits; a point may be between them */
    long long exponent;
};

#define EXPONENT_MAX (1LL << 60) /* beyond it all are alike: such texts do not exist */

static void read_decimal(const char *text, struct decimal *d)
{
    long long point = 0; /* digits before it, from the first that is not 0 */
    bool behind_point = false;

    *d = (struct decimal){.negative = *text == '-'};
    for (text += *text == '-'; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            behind_point = true;
            continue;
        }
        if (*text != '0') {
            d->last = text;
            if (!d->first)
                d->first = text;
        }
        if (d->first && !behind_point)
            point++;
        else if (!d->first && behind_point)
            point--;
    }
    if (*text) {
        d->exponent = strtoll(text + 1, NULL, 10);
        if (d->exponent > EXPONENT_MAX)
            d->exponent = EXPONENT_MAX;
        if (d->exponent < -EXPONENT_MAX)
            d->exponent = -EXPONENT_MAX;
    }
    d->exponent += point;
}

static bool equal_decimals(const char *a, const char *b)
{
    struct decimal x, y;

    read_decimal(a, &x);
    read_decimal(b, &y);
    if (!x.first || !y.first)
        return !x.first && !y.first;
    if (x.negative != y.negative || x.exponent != y.exponent)
        return false;
    for (;; x.first++, y.first++) {
        x.first += *x.first == '.';
        y.first += *y.first == '.';
        if (*x.first != *y.first)
            return false;
        if (x.first == x.last || y.first == y.last)
            return x.first == x.last && y.first == y.last;
    }
}

static bool equal_numbers(const cJSON *a, const cJSON *b)
{
    if (str_eq(a->valuestring, b->valuestring))
        return a->valuestring || a->valuedouble == b->valuedouble;
    SCOPED(xfree) char *x = json_print(a);
    SCOPED(xfree) char *y = json_print(b);
    return equal_decimals(x, y);
}

bool json_equal(const cJSON *a, const cJSON *b)
{
    if (a == b)
        return true;
    if (!a || !b ||
        (a->type & 0xff) != (b->type & 0xff)) /* the rest of the bits is about ownership */
        return false;

    switch (a->type & 0xff) {
    case cJSON_False:
    case cJSON_True:
    case cJSON_NULL:
        return true;
    case cJSON_Number:
        return equal_numbers(a, b);
    case cJSON_String:
        return str_eq(a->valuestring, b->valuestring);
    case cJSON_Array:
        return equal_arrays(a, b);
    case cJSON_Object:
        return equal_objects(a, b);
    default:
        return false;
    }
}
