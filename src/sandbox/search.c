/*
 * search.c - the simple reading of searchQuery.
 */
#include "search_p.h"

#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct term {
    const char *member; /* NULL: any of them */
    char *word;
};

struct search {
    struct term *terms;
    size_t count;
};

static const struct {
    const char *prefix, *member;
} prefixes[] = {{"from:", "From"}, {"to:", "To"}, {"subject:", "Subject"}};

static const char *const anywhere[] = {"Subject", "From", "BodyPreview", "Body"};

/* One term: an optional prefix, then a word or a quoted phrase. Answers what follows it. */
static const char *read_term(const char *p, struct term *ret)
{
    size_t n;

    *ret = (struct term){.member = NULL};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!strncasecmp(p, prefixes[i].prefix, strlen(prefixes[i].prefix))) {
            ret->member = prefixes[i].member;
            p += strlen(prefixes[i].prefix);
            break;
        }
    }
    if (*p == '"') {
        n = strcspn(++p, "\"");
        ret->word = xstrndup(p, n);
        return p + n + (p[n] == '"');
    }
    n = strcspn(p, " ");
    ret->word = xstrndup(p, n);
    return p + n;
}

struct search *search_create(const char *query)
{
    struct search *s = xcalloc(1, sizeof(*s));

    for (query += strspn(query, " "); *query; query += strspn(query, " ")) {
        s->terms = xrealloc(s->terms, (s->count + 1) * sizeof(*s->terms));
        query = read_term(query, &s->terms[s->count++]);
    }
    return s;
}

void search_destroy(struct search *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->terms[i].word);
    free(s->terms);
    free(s);
}

static bool member_has(const cJSON *message, const char *member, const char *word)
{
    const char *text = json_str(message, member);

    return text && text_contains(text, word);
}

static bool term_matches(const struct term *t, const cJSON *message)
{
    if (t->member)
        return member_has(message, t->member, t->word);
    for (size_t i = 0; i < ARRAY_SIZE(anywhere); i++) {
        if (member_has(message, anywhere[i], t->word))
            return true;
    }
    return false;
}

bool search_matches(const struct search *s, const char *json)
{
    cJSON *message = json_load(json);
    bool all = true;

    for (size_t i = 0; all && i < s->count; i++)
        all = term_matches(&s->terms[i], message);
    cJSON_Delete(message);
    return all;
}
