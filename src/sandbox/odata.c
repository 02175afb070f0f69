/*
 * odata.c - parses $filter into a tree of nodes and $orderby into a list of members, by recursive
 * descent.
 */
#include "odata_p.h"

#include "odata_node_p.h"
#include "schema_p.h"

#include <ctype.h>
#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 100

struct odata_filter {
    struct node *root;
};

struct parser {
    const struct member *members;
    const char *text, *at;
    struct buf *err;
    int depth;
};

static const struct {
    const char *name;
    enum node_op op;
} comparisons[] = {{"eq", NODE_EQ}, {"ne", NODE_NE}, {"gt", NODE_GT},
                   {"ge", NODE_GE}, {"lt", NODE_LT}, {"le", NODE_LE}};

static const struct {
    const char *name;
    enum node_op op;
    int arguments;
    enum value_type result;
} functions[] = {
    {"contains", NODE_CONTAINS, 2, VALUE_BOOL}, {"startswith", NODE_STARTSWITH, 2, VALUE_BOOL},
    {"endswith", NODE_ENDSWITH, 2, VALUE_BOOL}, {"tolower", NODE_TOLOWER, 1, VALUE_STRING},
    {"toupper", NODE_TOUPPER, 1, VALUE_STRING}, {"length", NODE_LENGTH, 1, VALUE_NUMBER},
};

static const char *const type_names[] = {"null", "Edm.String", "Edm.Double", "Edm.Boolean",
                                         "Edm.DateTimeOffset"};

void node_free(struct node *n)
{
    if (!n)
        return;
    node_free(n->a);
    node_free(n->b);
    free(n->text);
    free(n);
}

static struct node *make(enum node_op op, enum value_type type, struct node *a, struct node *b)
{
    struct node *n = xcalloc(1, sizeof(*n));

    *n = (struct node){.op = op, .type = type, .a = a, .b = b};
    return n;
}

static struct node *syntax_error(struct parser *p)
{
    buf_fail(p->err, -EINVAL, "Syntax error at position %zu in '%s'.", (size_t)(p->at - p->text),
             p->text);
    return NULL;
}

static void skip_blanks(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

static bool accept(struct parser *p, char c)
{
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

/* Length of the word here: letters, digits, '_', '/', '.' and, in date-times, "-+:". */
static size_t word_length(const struct parser *p)
{
    size_t n = 0;

    while (isalnum((unsigned char)p->at[n]) || (p->at[n] && strchr("_/.-+:@", p->at[n])))
        n++;
    return n;
}

static bool accept_word(struct parser *p, const char *word)
{
    size_t n;

    skip_blanks(p);
    n = word_length(p);
    if (n != strlen(word) || strncasecmp(p->at, word, n))
        return false;
    p->at += n;
    return true;
}

static struct node *parse_string(struct parser *p)
{
    struct buf text;
    struct node *n;

    buf_init(&text, strlen(p->text));
    for (p->at++; *p->at && (*p->at != '\'' || p->at[1] == '\''); p->at++) {
        buf_addch(&text, *p->at);
        if (*p->at == '\'')
            p->at++;
    }
    if (*p->at != '\'') {
        buf_release(&text);
        return syntax_error(p);
    }
    p->at++;
    n = make(NODE_LITERAL, VALUE_STRING, NULL, NULL);
    n->text = buf_detach(&text);
    n->literal = (struct value){.type = VALUE_STRING, .text = n->text};
    return n;
}

static struct node *make_literal(struct value v)
{
    struct node *n = make(NODE_LITERAL, v.type, NULL, NULL);

    n->literal = v;
    return n;
}

/*
 * null, true, false, a number or a date-time; NULL without an error when the word is none of them.
 */
static struct node *parse_constant(const char *word)
{
    char *end;
    double number;
    int64_t time;

    if (!strcmp(word, "null"))
        return make_literal((struct value){.type = VALUE_NULL});
    if (!strcmp(word, "true") || !strcmp(word, "false"))
        return make_literal((struct value){.type = VALUE_BOOL, .number = word[0] == 't'});
    if (!isdigit((unsigned char)*word) && *word != '-')
        return NULL;
    number = strtod(word, &end);
    if (!*end)
        return make_literal((struct value){.type = VALUE_NUMBER, .number = number});
    if (!str_parse_time(word, &time))
        return make_literal((struct value){.type = VALUE_TIME, .time = time});
    return NULL;
}

static enum value_type type_of_member(enum member_type type)
{
    switch (type) {
    case MEMBER_BOOL:
        return VALUE_BOOL;
    case MEMBER_INT:
    case MEMBER_NUMBER:
        return VALUE_NUMBER;
    case MEMBER_TIME:
        return VALUE_TIME;
    case MEMBER_STRING:
    case MEMBER_ENUM:
        return VALUE_STRING;
    default:
        return VALUE_NULL;
    }
}

int node_member_type(const struct member *members, const char *path, enum value_type *ret,
                     struct buf *err)
{
    const struct member *m = NULL;
    const char *p = path;

    while (*p) {
        size_t n = strcspn(p, "/");
        char *name = xstrndup(p, n);

        m = members ? schema_find(members, name) : NULL;
        if (!m) {
            buf_fail(err, -EINVAL, "Could not find a property named '%s'.", name);
            free(name);
            return -EINVAL;
        }
        free(name);
        members = m->type == MEMBER_OBJECT ? m->members : NULL;
        p += n + (p[n] == '/');
    }
    *ret = m ? type_of_member(m->type) : VALUE_NULL;
    if (*ret == VALUE_NULL)
        return buf_fail(err, -EINVAL, "The property '%s' cannot be used here.", path);
    return 0;
}

static struct node *parse_or(struct parser *p);

static struct node *check_argument(struct parser *p, struct node *n)
{
    if (n && n->type != VALUE_STRING && n->type != VALUE_NULL) {
        buf_fail(p->err, -EINVAL, "A function's argument is %s and not Edm.String.",
                 type_names[n->type]);
        node_free(n);
        return NULL;
    }
    return n;
}

static struct node *parse_call(struct parser *p, size_t f)
{
    struct node *a = check_argument(p, parse_or(p)), *b = NULL;

    if (!a)
        return NULL;
    if (functions[f].arguments == 2) {
        b = accept(p, ',') ? check_argument(p, parse_or(p)) : syntax_error(p);
        if (!b)
            goto fail;
    }
    if (!accept(p, ')')) {
        syntax_error(p);
        goto fail;
    }
    return make(functions[f].op, functions[f].result, a, b);

fail:
    node_free(a);
    node_free(b);
    return NULL;
}

static struct node *parse_member(struct parser *p, char *word)
{
    enum value_type type;
    struct node *n;

    if (node_member_type(p->members, word, &type, p->err)) {
        free(word);
        return NULL;
    }
    n = make(NODE_MEMBER, type, NULL, NULL);
    n->text = word;
    return n;
}

static struct node *parse_word(struct parser *p)
{
    size_t len = word_length(p);
    char *word;
    struct node *n;

    if (!len)
        return syntax_error(p);
    word = xstrndup(p->at, len);
    for (size_t f = 0; f < ARRAY_SIZE(functions); f++) {
        if (!strcmp(word, functions[f].name) && p->at[len] == '(') {
            p->at += len + 1;
            free(word);
            return parse_call(p, f);
        }
    }
    n = parse_constant(word);
    if (!n && !isalpha((unsigned char)*word)) {
        free(word);
        return syntax_error(p);
    }
    p->at += len;
    if (!n)
        return parse_member(p, word);
    free(word);
    return n;
}

static struct node *parse_operand(struct parser *p)
{
    struct node *n;

    skip_blanks(p);
    if (*p->at == '\'')
        return parse_string(p);
    if (!accept(p, '('))
        return parse_word(p);
    n = parse_or(p);
    if (n && !accept(p, ')')) {
        node_free(n);
        return syntax_error(p);
    }
    return n;
}

static struct node *parse_comparison(struct parser *p)
{
    struct node *a = parse_operand(p), *b;
    size_t i = 0;

    if (!a)
        return NULL;
    while (i < ARRAY_SIZE(comparisons) && !accept_word(p, comparisons[i].name))
        i++;
    if (i == ARRAY_SIZE(comparisons))
        return a;
    b = parse_operand(p);
    if (b && a->type != b->type && a->type != VALUE_NULL && b->type != VALUE_NULL) {
        buf_fail(p->err, -EINVAL,
                 "A binary operator with incompatible types was detected. Found operand types "
                 "'%s' and '%s' for operator '%s'.",
                 type_names[a->type], type_names[b->type], comparisons[i].name);
        node_free(b);
        b = NULL;
    }
    if (!b) {
        node_free(a);
        return NULL;
    }
    return make(comparisons[i].op, VALUE_BOOL, a, b);
}

static struct node *boolean(struct parser *p, struct node *n)
{
    if (n && n->type != VALUE_BOOL) {
        buf_fail(p->err, -EINVAL, "A boolean expression is required in '%s'.", p->text);
        node_free(n);
        return NULL;
    }
    return n;
}

static struct node *parse_not(struct parser *p)
{
    struct node *n;

    if (++p->depth > DEPTH_MAX) {
        buf_fail(p->err, -EINVAL, "The expression is nested too deeply.");
        return NULL;
    }
    if (accept_word(p, "not")) {
        n = boolean(p, parse_not(p));
        n = n ? make(NODE_NOT, VALUE_BOOL, n, NULL) : NULL;
    } else {
        n = parse_comparison(p);
    }
    p->depth--;
    return n;
}

/* a OP b OP c: both sides must be boolean once there is an operator. */
static struct node *parse_chain(struct parser *p, const char *word, enum node_op op,
                                struct node *(*next)(struct parser *))
{
    struct node *a = next(p), *b;

    while (a && accept_word(p, word)) {
        a = boolean(p, a);
        b = a ? boolean(p, next(p)) : NULL;
        if (!b) {
            node_free(a);
            return NULL;
        }
        a = make(op, VALUE_BOOL, a, b);
    }
    return a;
}

static struct node *parse_and(struct parser *p)
{
    return parse_chain(p, "and", NODE_AND, parse_not);
}

static struct node *parse_or(struct parser *p)
{
    return parse_chain(p, "or", NODE_OR, parse_and);
}

int odata_filter_parse(const struct member *members, const char *text, struct odata_filter **ret,
                       struct buf *err)
{
    struct parser p = {.members = members, .text = text, .at = text, .err = err};
    struct node *root = boolean(&p, parse_or(&p));

    skip_blanks(&p);
    if (root && *p.at) {
        node_free(root);
        root = syntax_error(&p);
    }
    if (!root)
        return -EINVAL;
    *ret = xmalloc(sizeof(**ret));
    (*ret)->root = root;
    return 0;
}

void odata_filter_free(struct odata_filter *filter)
{
    if (!filter)
        return;
    node_free(filter->root);
    free(filter);
}

bool odata_filter_matches(const struct odata_filter *filter, const cJSON *record)
{
    return node_true(filter->root, record);
}
