/*
 * fault.c - keeps and hands out faults.
 */
#include "fault_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/mutex.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    struct pending *next;
    struct fault fault;
    char *operation; /* NULL: any */
    char *method;    /* NULL: any */
    int64_t skip;
    int64_t left; /* negative: no end */
};

struct faults {
    struct mutex lock;
    struct pending *first; /* oldest first; guarded by lock */
    int64_t last_id;       /* guarded by lock */
};

struct faults *faults_create(void)
{
    struct faults *f = xcalloc(1, sizeof(*f));

    mutex_init(&f->lock, MUTEX_SANDBOX_FAULT);
    return f;
}

static void pending_free(struct pending *p)
{
    free(p->operation);
    free(p->method);
    free(p);
}

static void clear_locked(struct faults *f)
{
    while (f->first) {
        struct pending *p = f->first;

        f->first = p->next;
        pending_free(p);
    }
}

void faults_destroy(struct faults *f)
{
    if (!f)
        return;
    clear_locked(f);
    mutex_release(&f->lock);
    free(f);
}

void faults_clear(struct faults *f)
{
    mutex_lock(&f->lock);
    clear_locked(f);
    mutex_unlock(&f->lock);
}

static char *copy_or_any(const char *s)
{
    return s && strcmp(s, "*") ? xstrdup(s) : NULL;
}

static int read_drop(const cJSON *spec, enum fault_drop *ret, struct buf *err)
{
    const char *drop = json_str(spec, "drop");

    if (!json_get(spec, "drop"))
        *ret = DROP_NOT;
    else if (str_eq(drop, "before"))
        *ret = DROP_BEFORE;
    else if (str_eq(drop, "after"))
        *ret = DROP_AFTER;
    else
        return buf_fail(err, -EINVAL, "drop: \"before\" or \"after\" is required");
    return 0;
}

static int read_text(const cJSON *spec, const char *name, char out[FAULT_TEXT_MAX], struct buf *err)
{
    const char *text = json_str(spec, name);

    if (text && strlen(text) >= FAULT_TEXT_MAX)
        return buf_fail(err, -EINVAL, "%s: too long", name);
    strcpy(out, text ? text : "");
    return 0;
}

static int check_names(const cJSON *spec, struct buf *err)
{
    static const char *const known[] = {"operation", "method",   "after",      "count",
                                        "status",    "apply",    "retryAfter", "drop",
                                        "delay",     "together", "replace",    "by"};
    const cJSON *m;

    cJSON_ArrayForEach(m, spec)
    {
        size_t i = 0;

        while (i < ARRAY_SIZE(known) && strcmp(known[i], m->string))
            i++;
        if (i == ARRAY_SIZE(known))
            return buf_fail(err, -EINVAL, "%s: no such member of a fault", m->string);
    }
    return 0;
}

int64_t faults_add(struct faults *f, const cJSON *spec, struct buf *err)
{
    struct fault fault = {.retry_after = -1};
    struct pending *p, **end;
    int64_t count, id;

    if (check_names(spec, err) || read_drop(spec, &fault.drop, err))
        return -EINVAL;
    fault.status = (unsigned)json_int(spec, "status", 0);
    fault.apply = json_bool(spec, "apply", false);
    fault.retry_after = (int)json_int(spec, "retryAfter", -1);
    fault.delay = json_int(spec, "delay", 0) * NS_PER_MS;
    fault.together = (unsigned)json_int(spec, "together", 0);
    if (fault.status && (fault.status < 400 || fault.status > 599))
        return buf_fail(err, -EINVAL, "status: 400 to 599 is required");
    if (read_text(spec, "replace", fault.replace, err) || read_text(spec, "by", fault.by, err))
        return -EINVAL;
    if (!fault.status && !fault.drop && !fault.delay && !fault.together && !*fault.replace)
        return buf_fail(err, -EINVAL, "one of status, drop, delay, replace, together is required");
    count = json_int(spec, "count", 1);
    p = xcalloc(1, sizeof(*p));
    p->operation = copy_or_any(json_str(spec, "operation"));
    p->method = copy_or_any(json_str(spec, "method"));
    p->skip = json_int(spec, "after", 0);
    p->left = count > 0 ? count : -1;
    mutex_lock(&f->lock);
    id = fault.id = ++f->last_id;
    p->fault = fault;
    for (end = &f->first; *end; end = &(*end)->next)
        ;
    *end = p;
    mutex_unlock(&f->lock);
    return id;
}

static bool matches(const struct pending *p, const char *operation, const char *method)
{
    return (!p->operation || !strcmp(p->operation, operation)) &&
           (!p->method || !strcmp(p->method, method));
}

struct fault faults_take(struct faults *f, const char *operation, const char *method)
{
    struct fault taken = {.retry_after = -1};

    mutex_lock(&f->lock);
    for (struct pending **at = &f->first, *p; (p = *at); at = &p->next) {
        if (!matches(p, operation, method))
            continue;
        if (p->skip > 0) {
            p->skip--;
            continue;
        }
        taken = p->fault;
        if (p->left > 0 && --p->left == 0) {
            *at = p->next;
            pending_free(p);
        }
        break;
    }
    mutex_unlock(&f->lock);
    return taken;
}

cJSON *faults_list(struct faults *f)
{
    cJSON *list = cJSON_CreateArray();

    mutex_lock(&f->lock);
    for (const struct pending *p = f->first; p; p = p->next) {
        cJSON *entry = cJSON_CreateObject();

        cJSON_AddNumberToObject(entry, "id", (double)p->fault.id);
        cJSON_AddStringToObject(entry, "operation", p->operation ? p->operation : "*");
        cJSON_AddNumberToObject(entry, "left", (double)p->left);
        cJSON_AddItemToArray(list, entry);
    }
    mutex_unlock(&f->lock);
    return list;
}
