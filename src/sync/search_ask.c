/*
 * search_ask.c - one search: its pages from the service, or the words of the cache.
 */
#include "search_p.h"

#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/query.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A search under way. */
struct asking {
    struct mailbox *mb;
    const struct search *what;
    struct query query;
    struct remote_ctx ctx;
    struct search_result *result;
    struct map seen; /* ids in the result */
    unsigned skip;
    bool done;
};

/* --- results --- */

void search_result_free(struct search_result *r)
{
    if (!r)
        return;
    cache_hits_free(r->hits, r->count);
    for (size_t i = 0; i < r->nitems; i++)
        item_release(&r->items[i]);
    free(r->items);
    free(r->by_id);
    free(r->reason);
    free(r);
}

static int compare_hits(const struct cache_hit *a, const struct cache_hit *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int compare_places(const void *a, const void *b)
{
    return compare_hits(*(const struct cache_hit *const *)a, *(const struct cache_hit *const *)b);
}

static void index_result(struct search_result *r)
{
    r->by_id = xcalloc(r->count + 1, sizeof(*r->by_id));
    for (size_t i = 0; i < r->count; i++)
        r->by_id[i] = &r->hits[i];
    qsort(r->by_id, r->count, sizeof(*r->by_id), compare_places);
}

const struct cache_hit *search_find(const struct search_result *r, enum kind kind, const char *id)
{
    const struct cache_hit wanted = {.kind = kind, .id = (char *)id}, *key = &wanted;
    const struct cache_hit **found =
        bsearch(&key, r->by_id, r->count, sizeof(*r->by_id), compare_places);

    return found ? *found : NULL;
}

/* Takes the folder. False: the record is there already. */
static bool add_hit(struct asking *a, enum kind kind, char *folder, const char *id)
{
    struct search_result *r = a->result;
    char *key = xasprintf("%d %s", kind, id);
    bool new = !map_set(&a->seen, key, a);

    free(key);
    if (!new) {
        free(folder);
        return false;
    }
    r->hits = xgrow(r->hits, r->count, sizeof(*r->hits));
    r->hits[r->count++] = (struct cache_hit){.kind = kind, .folder = folder, .id = xstrdup(id)};
    return true;
}

/* "There is no such question" is an answer. */
static void refuse(struct asking *a, const char *reason)
{
    cache_hits_free(a->result->hits, a->result->count);
    a->result->hits = NULL;
    a->result->count = 0;
    a->result->error = -EINVAL;
    a->result->reason = xstrdup(reason);
    a->done = true;
    log_warn("search/%s: \"%s\" is refused: %s", search_place(a->what->kind), a->what->name,
             reason);
}

/* --- pages of the service --- */

/* Where skipping is not to be relied on, one page is best. */
static unsigned page_size(const struct asking *a, struct folder *f)
{
    unsigned size = PAGE_TOP;

    if (f->kind == KIND_MESSAGE && !a->query.text) {
        mutex_lock(&f->listings->lock);
        size = page_top_locked(f, PLAN_FULL);
        mutex_unlock(&f->listings->lock);
    }
    if (a->query.top && a->query.top - a->result->count < size)
        size = a->query.top - (unsigned)a->result->count;
    return size;
}

static enum grade ask_page(const struct asking *a, struct folder *f, struct remote_page *ret,
                           struct remote_fault *fault)
{
    const struct query *q = &a->query;
    bool mail = f->kind == KIND_MESSAGE;
    struct remote_query query = {.skip = a->skip,
                                 .top = page_size(a, f),
                                 .filter = mail ? NULL : q->text,
                                 .orderby = q->orderby,
                                 .search = mail ? q->text : NULL,
                                 .only_unread = q->only_unread};

    return remote_list(a->mb->remote, f->kind, f->id, &query, a->ctx, ret, fault);
}

/* The folder the record is in. A message the cache knows elsewhere is there: see search.h. */
static char *folder_of_hit(const struct asking *a, const struct folder *f, const char *id)
{
    char *folder;

    if (f->kind == KIND_MESSAGE && !cache_find(a->mb->cache, f->kind, id, &folder))
        return folder;
    return xstrdup(f->id);
}

/* Puts the items that lie in the folder itself in front; how many. The others are known. */
static size_t add_hits(struct asking *a, const struct folder *f, struct item *items, size_t count)
{
    size_t here = 0, before = a->result->count;

    for (size_t i = 0; i < count && !(a->query.top && a->result->count == a->query.top); i++) {
        char *folder = folder_of_hit(a, f, items[i].id);
        struct item item = items[i];
        bool is_here = str_eq(folder, f->id);

        if (add_hit(a, f->kind, folder, item.id) && is_here) {
            items[i] = items[here];
            items[here++] = item;
        }
    }
    if (a->result->count == before || a->result->count == a->query.top)
        a->done = true;
    return here;
}

static int enter_page(struct asking *a, struct folder *f, struct remote_page *page, uintptr_t gen)
{
    struct items *records = &page->items;

    a->skip += items_all(records);
    a->done = page->last;
    a->result->truncated = page->cut && (!a->query.top || a->query.top > items_all(records));
    size_t here = add_hits(a, f, records->list, records->count);
    return mailbox_items_learned(a->mb, f->kind, f->id, records->list, here, gen);
}

static int next_page(struct asking *a, struct folder *f, struct buf *err)
{
    struct remote_page page = {0};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    uintptr_t gen = question_begin(f);
    enum grade grade = ask_page(a, f, &page, &fault);
    int rc = 0;

    if (grade == GRADE_OK)
        rc = enter_page(a, f, &page, gen);
    question_end(f);
    items_release(&page.items);
    if (grade != GRADE_REFUSED)
        return rc ? rc : mailbox_answered(grade, &fault, a->what->name, err);
    refuse(a, fault.reason ? fault.reason : grade_name(grade));
    return 0;
}

/* --- the cache --- */

/* The newest that have the words: of one folder, or of all (NULL). */
static int ask_cache(struct asking *a, const char *words, const char *folder)
{
    struct cache_hit *hits = NULL;
    size_t count = 0, max = a->query.top && !folder ? a->query.top : SEARCH_LOCAL_MAX;
    int rc = cache_search(a->mb->cache, words, folder ? SIZE_MAX / 2 : max, a->ctx.cancel, &hits,
                          &count);

    if (folder && a->query.top)
        max = a->query.top;
    for (size_t i = 0; i < count && a->result->count < max; i++) {
        if (!folder || (hits[i].kind == a->what->kind && str_eq(hits[i].folder, folder)))
            add_hit(a, hits[i].kind, xstrdup(hits[i].folder), hits[i].id);
    }
    cache_hits_free(hits, count);
    if (rc != -EINVAL)
        return rc;
    refuse(a, "there is no word in it");
    return 0;
}

static int ask_everything(struct asking *a)
{
    SCOPED(xfree) char *words = query_decode(a->what->name);

    return ask_cache(a, words, NULL);
}

static int ask_folder(struct asking *a, struct buf *err)
{
    struct folder *f = listings_folder(a->mb->listings, a->what->kind, a->what->folder);
    struct buf why;
    int rc = 0;

    buf_init(&why, BUF_TEXT_MAX);
    if (query_parse(f->kind, a->what->name, &a->query, &why)) {
        refuse(a, why.data);
    } else if (a->query.words) {
        rc = mailbox_list(a->mb, f->kind, f->id, a->ctx.cancel, err);
        if (!rc)
            rc = ask_cache(a, a->query.text, f->id);
        a->done = true;
    }
    while (!rc && !a->done)
        rc = next_page(a, f, err);
    buf_release(&why);
    query_release(&a->query);
    return rc;
}

int search_ask(struct mailbox *mb, const struct search *what, struct cancel *cancel,
               struct search_result **ret, struct buf *err)
{
    struct asking a = {.mb = mb,
                       .what = what,
                       .ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE},
                       .result = xcalloc(1, sizeof(*a.result))};

    map_init(&a.seen);
    int rc = what->agenda               ? search_ask_agenda(mb, what, a.ctx, a.result, err)
             : what->kind == KIND_COUNT ? ask_everything(&a)
                                        : ask_folder(&a, err);
    map_release(&a.seen);
    if (rc) {
        search_result_free(a.result);
        return rc;
    }
    index_result(a.result);
    *ret = a.result;
    return 0;
}
