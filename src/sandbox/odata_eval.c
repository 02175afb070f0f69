/*
 * odata_eval.c - what a parsed filter says about a record.
 */
#include "odata_node_p.h"

#include <ctype.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

struct value node_member(const cJSON *record, const char *path, enum value_type type)
{
    struct value v = {.type = VALUE_NULL};
    const cJSON *item = record;

    while (*path && item) {
        size_t n = strcspn(path, "/");
        char *name = xstrndup(path, n);

        item = json_get(item, name);
        free(name);
        path += n + (path[n] == '/');
    }
    if (!item)
        return v;
    if (type == VALUE_STRING && cJSON_IsString(item))
        v = (struct value){.type = type, .text = item->valuestring};
    else if (type == VALUE_NUMBER && cJSON_IsNumber(item))
        v = (struct value){.type = type, .number = item->valuedouble};
    else if (type == VALUE_BOOL && cJSON_IsBool(item))
        v = (struct value){.type = type, .number = cJSON_IsTrue(item)};
    else if (type == VALUE_TIME && cJSON_IsString(item) &&
             !str_parse_time(item->valuestring, &v.time))
        v.type = type;
    return v;
}

int value_compare(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_NULL || b->type == VALUE_NULL)
        return (a->type != VALUE_NULL) - (b->type != VALUE_NULL);
    if (a->type == VALUE_STRING)
        return strcmp(a->text, b->text);
    if (a->type == VALUE_TIME)
        return (a->time > b->time) - (a->time < b->time);
    return (a->number > b->number) - (a->number < b->number);
}

static bool compare(enum node_op op, const struct value *a, const struct value *b)
{
    bool null = a->type == VALUE_NULL || b->type == VALUE_NULL;
    int c = value_compare(a, b);

    switch (op) {
    case NODE_EQ:
        return c == 0;
    case NODE_NE:
        return c != 0;
    case NODE_GT:
        return !null && c > 0;
    case NODE_GE:
        return !null && c >= 0;
    case NODE_LT:
        return !null && c < 0;
    default:
        return !null && c <= 0;
    }
}

static bool search(enum node_op op, const char *hay, const char *needle)
{
    if (op == NODE_CONTAINS)
        return strstr(hay, needle) != NULL;
    return op == NODE_STARTSWITH ? str_starts(hay, needle) : str_ends(hay, needle);
}

/* ASCII letters only. */
static struct value change_case(const struct value *v, int (*convert)(int))
{
    char *copy = xstrdup(v->text);

    for (char *p = copy; *p; p++) {
        if (!((unsigned char)*p & 0x80))
            *p = (char)convert((unsigned char)*p);
    }
    return (struct value){.type = VALUE_STRING, .text = copy, .owned = copy};
}

static struct value truth(bool b)
{
    return (struct value){.type = VALUE_BOOL, .number = b};
}

static struct value eval_operator(const struct node *n, const struct value *a,
                                  const struct value *b)
{
    switch (n->op) {
    case NODE_CONTAINS:
    case NODE_STARTSWITH:
    case NODE_ENDSWITH:
        return truth(a->type == VALUE_STRING && b->type == VALUE_STRING &&
                     search(n->op, a->text, b->text));
    case NODE_TOLOWER:
    case NODE_TOUPPER:
        if (a->type != VALUE_STRING)
            return (struct value){.type = VALUE_NULL};
        return change_case(a, n->op == NODE_TOLOWER ? tolower : toupper);
    case NODE_LENGTH:
        if (a->type != VALUE_STRING)
            return (struct value){.type = VALUE_NULL};
        return (struct value){.type = VALUE_NUMBER, .number = (double)strlen(a->text)};
    default:
        return truth(compare(n->op, a, b));
    }
}

struct value node_eval(const struct node *n, const cJSON *record)
{
    struct value a, b = {.type = VALUE_NULL}, result;

    switch (n->op) {
    case NODE_LITERAL:
        return n->literal;
    case NODE_MEMBER:
        return node_member(record, n->text, n->type);
    case NODE_OR:
        return truth(node_true(n->a, record) || node_true(n->b, record));
    case NODE_AND:
        return truth(node_true(n->a, record) && node_true(n->b, record));
    case NODE_NOT:
        return truth(!node_true(n->a, record));
    default:
        break;
    }
    a = node_eval(n->a, record);
    if (n->b)
        b = node_eval(n->b, record);
    result = eval_operator(n, &a, &b);
    free(a.owned);
    free(b.owned);
    return result;
}

bool node_true(const struct node *n, const cJSON *record)
{
    struct value v = node_eval(n, record);

    return v.type == VALUE_BOOL && v.number != 0;
}
